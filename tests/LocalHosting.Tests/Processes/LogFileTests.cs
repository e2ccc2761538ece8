namespace Antaca.LocalHosting.Tests.Processes;

public sealed class LogFileTests : IDisposable
{
    private readonly Place place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Each_start_begins_a_new_file_and_the_two_before_it_are_kept()
    {
        for (var run = 1; run <= 4; run++)
        {
            using var log = new LogFile(place.Folder, "service");
            log.Write($"run {run}");
        }

        Assert.Equal("run 4\n", File.ReadAllText(place.At("service.log")));
        Assert.Equal("run 3\n", File.ReadAllText(place.At("service.1.log")));
        Assert.Equal("run 2\n", File.ReadAllText(place.At("service.2.log")));
        Assert.Equal(3, Directory.GetFiles(place.Folder).Length);
    }

    [Fact]
    public void A_service_that_never_stops_talking_does_not_fill_the_disk()
    {
        var megabyte = new string('x', 1024 * 1024);
        using (var log = new LogFile(place.Folder, "service"))
        {
            for (var line = 0; line < 100; line++)
            {
                log.Write(megabyte);
            }
        }

        Assert.InRange(Directory.GetFiles(place.Folder).Sum(file => new FileInfo(file).Length), 40_000_000, 70_000_000);
    }
}
