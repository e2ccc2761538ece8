namespace Antaca.LocalHosting.Tests.Processes;

public class BackoffTests
{
    [Fact]
    public void A_process_that_keeps_crashing_waits_twice_as_long_each_time_up_to_ten_seconds()
    {
        var backoff = new Backoff();

        var waits = Enumerable.Range(0, 7).Select(_ => backoff.Next(TimeSpan.FromSeconds(59)).TotalSeconds);

        Assert.Equal([0.5, 1, 2, 4, 8, 10, 10], waits);
    }

    [Fact]
    public void After_a_healthy_minute_the_wait_is_short_again()
    {
        var backoff = new Backoff();
        backoff.Next(TimeSpan.Zero);
        backoff.Next(TimeSpan.Zero);

        Assert.Equal(TimeSpan.FromSeconds(0.5), backoff.Next(TimeSpan.FromMinutes(1)));
        Assert.Equal(TimeSpan.FromSeconds(1), backoff.Next(TimeSpan.Zero));
    }
}
