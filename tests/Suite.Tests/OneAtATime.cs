using Xunit;

// Each test class runs a whole suite of processes: one at a time is all that two cores want.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
