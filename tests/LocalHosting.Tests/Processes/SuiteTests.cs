using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Npgsql;

namespace Antaca.LocalHosting.Tests.Processes;

public sealed class SuiteTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Place place = new();
    private readonly int portBase = SampleHost.SomePortBase();
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });

    public void Dispose()
    {
        http.Dispose();
        place.Dispose();
    }

    [Fact]
    public async Task Services_start_after_what_they_wait_for_and_stop_before_it()
    {
        await using var host = await SampleHost.StartHealthy(place, "plain", portBase);

        Assert.Equal(0, await host.Stop());

        Assert.Equal(["back started", "front started", "front stopped", "back stopped"], await File.ReadAllLinesAsync(place.At("order")));
        Assert.Null(host.RunFile);
    }

    [Fact]
    public async Task A_service_gets_the_environment_that_Aspire_gives_it()
    {
        await using var host = await SampleHost.StartHealthy(place, "everything", portBase);

        var given = await Environment(portBase + 443);

        Assert.Equal("front", given["OTEL_SERVICE_NAME"]);
        Assert.Equal("Testing", given["DOTNET_ENVIRONMENT"]);
        Assert.Equal("Testing", given["ASPNETCORE_ENVIRONMENT"]);
        Assert.Equal($"{portBase + 443}", given["Ports__Api"]);
        Assert.Equal(host.Resource("back").Endpoints[0].Url, given["services__back__api__0"]);
        Assert.Equal($"http://localhost:{portBase + 443}", (await Environment(new Uri(host.Resource("back").Endpoints[0].Url).Port))["FRONT"]);
        Assert.StartsWith($"amqp://", given["ConnectionStrings__messaging"], StringComparison.Ordinal);
        await using var database = NpgsqlDataSource.Create(given["ConnectionStrings__database"]);
        await using var whoami = database.CreateCommand("SELECT current_user::text");
        Assert.Equal("front", await whoami.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Replicas_get_ports_of_their_own_and_callers_hear_of_each()
    {
        await using var host = await SampleHost.StartHealthy(place, "replicas", portBase);

        var urls = host.Resource("back").Endpoints.Select(endpoint => endpoint.Url).ToList();
        var given = await Environment(portBase + 443);

        Assert.Equal(2, urls.Distinct().Count());
        Assert.Equal(urls, [given["services__back__api__0"], given["services__back__api__1"]]);
        foreach (var url in urls)
        {
            Assert.Equal("ok", await http.GetStringAsync(new Uri($"{url}/health")));
        }
        Assert.Equal(2, host.Resource("back").Processes.Select(process => process.Pid).Distinct().Count());
    }

    [Fact]
    public async Task A_killed_host_leaves_nothing_and_the_next_run_finds_its_data()
    {
        await using (var host = await SampleHost.StartHealthy(place, "everything", portBase))
        {
            var connectionString = (await Environment(portBase + 443))["ConnectionStrings__database"];
            await using (var database = NpgsqlDataSource.Create(connectionString))
            await using (var write = database.CreateCommand("CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)"))
            {
                await write.ExecuteNonQueryAsync();
            }
            var processes = host.ProcessIds();
            Assert.Equal(5, processes.Count);
            var killed = Stopwatch.StartNew();

            host.Send(Signal.Kill);

            await Place.Until(() => processes.All(process => !Child.IsAlive(process)), TimeSpan.FromSeconds(5), "every process is gone");
            await Place.Until(() => OfThisTest().Count == 0, TimeSpan.FromSeconds(5) - killed.Elapsed, "and what those had started too");
        }

        await using (var host = await SampleHost.StartHealthy(place, "everything", portBase))
        {
            await using var database = NpgsqlDataSource.Create((await Environment(portBase + 443))["ConnectionStrings__database"]);
            await using var read = database.CreateCommand("SELECT id FROM kept");
            Assert.Equal(42, await read.ExecuteScalarAsync());
        }
        Assert.Empty(OfThisTest());
    }

    [Fact]
    public async Task A_crashed_service_is_back_and_waits_longer_the_second_time()
    {
        await using var host = await SampleHost.StartHealthy(place, "plain", portBase);

        var first = await CrashAndMeasure();
        var second = await CrashAndMeasure();

        Assert.InRange(first, 0.5, 8);
        Assert.InRange(second, 1, 9);
        Assert.Contains("front | ended unasked with exit code 137; starts again in 0.5 s", host.Output.Replace("front ", "front", StringComparison.Ordinal).Replace("front|", "front |", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("starts again in 1 s", host.Output, StringComparison.Ordinal);
        Assert.Equal(2, host.Resource("front").Processes[0].Restarts);
        Assert.Equal(0, host.Resource("back").Processes[0].Restarts);

        async Task<double> CrashAndMeasure()
        {
            var process = host.Resource("front").Processes[0];
            var watch = Stopwatch.StartNew();
            using (var victim = Process.GetProcessById(process.Pid!.Value))
            {
                victim.Kill();
            }
            await Place.Until(
                () => host.Resource("front") is { State: ProcessState.Healthy } now && now.Processes[0].Pid != process.Pid,
                Limit,
                "front is healthy again");
            Assert.Equal("ok", await http.GetStringAsync(new Uri($"http://localhost:{portBase + 443}/health")));
            return watch.Elapsed.TotalSeconds;
        }
    }

    [Fact]
    public async Task A_second_run_says_that_one_is_running_and_leaves_it_alone()
    {
        await using var host = await SampleHost.StartHealthy(place, "plain", portBase);
        var before = host.ProcessIds();

        await using var second = await SampleHost.Start(place, "plain", portBase);

        Assert.Equal(0, await second.Exit.WaitAsync(Limit));
        await Place.Until(() => second.Output.Length > 0, Limit, "it says so");
        Assert.Equal($"Antaca is already running (process {host.RunFile!.Pid}). Stop it with: ./antaca down", second.Output);
        Assert.Equal(before, host.ProcessIds());
        Assert.All(before, process => Assert.True(Child.IsAlive(process)));
    }

    [Fact]
    public async Task A_service_that_cannot_start_ends_the_run_with_its_last_words()
    {
        await using var host = await SampleHost.Start(place, "failing", portBase);

        Assert.Equal(1, await host.Exit.WaitAsync(Limit));
        await Place.Until(
            () => host.Output.Contains("front ended unasked with exit code 7 3 times before it was healthy. Its last words:\n  the sample fails as it was told", StringComparison.Ordinal),
            Limit,
            "it says why");
        Assert.DoesNotContain("   at ", host.Output, StringComparison.Ordinal);
        Assert.EndsWith("back stopped\n", await File.ReadAllTextAsync(place.At("order")), StringComparison.Ordinal);
        Assert.Empty(OfThisTest());
    }

    [Fact]
    public async Task A_taken_port_is_one_sentence()
    {
        using var other = new TcpListener(IPAddress.Loopback, portBase + 443);
        other.Start();

        await using var host = await SampleHost.Start(place, "plain", portBase);

        Assert.Equal(1, await host.Exit.WaitAsync(Limit));
        await Place.Until(() => host.Output.Length > 0, Limit, "it says so");
        Assert.Equal(
            $"Port {portBase + 443} (front, api) is taken by another program: stop it, or move all of Antaca's ports with ANTACA_PORT_BASE (for example 20000).",
            host.Output);
    }

    [Fact]
    public async Task Services_that_wait_for_each_other_are_refused()
    {
        await using var host = await SampleHost.Start(place, "circle", portBase);

        Assert.Equal(1, await host.Exit.WaitAsync(Limit));
        await Place.Until(() => host.Output.Length > 0, Limit, "it says so");
        Assert.Equal("These wait for each other: back -> front -> back.", host.Output);
    }

    /// <summary>Every process, of whoever, that names this test's folder.</summary>
    private List<string> OfThisTest() =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Where(folder => int.TryParse(Path.GetFileName(folder), out var process) && process != System.Environment.ProcessId && Child.IsAlive(process))
            .Select(folder => CommandLineAndFolder(folder))
            .Where(text => text.Contains(place.Folder, StringComparison.Ordinal)),
    ];

    private static string CommandLineAndFolder(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/cmdline") + File.ReadAllText($"{process}/environ");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private async Task<Dictionary<string, string>> Environment(int port) =>
        (await http.GetFromJsonAsync<Dictionary<string, string>>(new Uri($"http://localhost:{port}/environment")))!;
}
