namespace Antaca.LocalHosting.Tests.Processes;

public class ConsoleJsonTests
{
    [Fact]
    public void A_line_of_the_json_console_is_shortened_for_a_person()
    {
        const string line =
            """{"Timestamp":"2026-11-22T04:41:35.466Z","EventId":0,"LogLevel":"Warning","Category":"MassTransit","Message":"Bus start faulted\nmore","Exception":"System.TimeoutException: too late\n   at Somewhere()","State":{}}""";

        Assert.Equal("04:41:35.466 warn MassTransit: Bus start faulted | System.TimeoutException: too late", ConsoleJson.Readable(line));
    }

    [Theory]
    [InlineData("plain words")]
    [InlineData("{not json")]
    [InlineData("""{"other":"json"}""")]
    [InlineData("""{"LogLevel":1,"Message":2}""")]
    [InlineData("")]
    public void Any_other_line_stays_as_it_is(string line) => Assert.Equal(line, ConsoleJson.Readable(line));
}
