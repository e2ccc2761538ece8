using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

/// <summary>DataCore as its own program runs it, without a master key until its people have brought their shares.</summary>
public sealed class SealedVaultTests(Suite suite) : IClassFixture<Suite>
{
    private static readonly TimeSpan _ending = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_sealed_vault_serves_nothing_until_enough_shares_are_entered_and_then_what_was_there()
    {
        var (partner, program) = await suite.NewPartner();
        var allocation = new { cardId = Guid.CreateVersion7(), partnerId = partner, programId = program, expiry = "2029-11-30", binding = "x" };
        var before = (await suite.Neighbour("cardservice", "datacore").Post("/internal/vault/cards", allocation)).Must(200)["maskedCardNo"].GetString();
        var shares = await Split(shares: 5, needed: 3);
        await using var vault = await Start();

        Assert.Equal((503, "Unhealthy", "none"), await vault.Health());
        (await vault.CardService.Post("/internal/vault/cards", allocation)).MustRefuse(503, "SERVICE_UNAVAILABLE");
        Assert.Equal((0, "1 of the 3 shares that are needed.\n"), await vault.Enter(shares[4]));
        Assert.Equal((1, "This share was entered already.\n"), await vault.Enter(shares[4]));
        Assert.Equal((1, "This is no share, or it was copied wrongly.\n"), await vault.Enter(shares[0][..^1]));
        Assert.Equal((1, "This is no share, or it was copied wrongly.\n"), await vault.Enter(""));
        Assert.Equal((1, "This share is of another split than those that were entered before.\n"), await vault.Enter((await Split(shares: 5, needed: 3))[0]));
        Assert.Equal((503, "Unhealthy", "1 of 3"), await vault.Health());
        Assert.Equal((0, "2 of the 3 shares that are needed.\n"), await vault.Enter(shares[1]));
        (await vault.CardService.Post("/internal/vault/cards", allocation)).MustRefuse(503, "SERVICE_UNAVAILABLE");
        Assert.Equal((0, "The vault is unsealed; the service starts.\n"), await vault.Enter(shares[2]));

        await Eventually.Holds(async () => (await vault.Health()).Status == 200, "the service to start");
        Assert.Equal(before, (await vault.CardService.Post("/internal/vault/cards", allocation)).Must(200)["maskedCardNo"].GetString());
        Assert.Equal((1, "The service is not sealed.\n"), await vault.Enter(shares[3]));
    }

    [Fact]
    public async Task Nobody_but_the_service_itself_enters_a_share()
    {
        var shares = await Split(shares: 2, needed: 2);
        await using var vault = await Start();

        foreach (var neighbour in new[] { "gateway", "cardservice", "balanceservice" })
        {
            Assert.InRange((await suite.NeighbourAt(neighbour, vault.Api).Post("/internal/vault/shares", new { share = shares[0] })).Status, 401, 404);
        }
        Assert.Equal((503, "Unhealthy", "none"), await vault.Health());
    }

    [Fact]
    public async Task A_process_that_is_told_to_end_while_it_is_sealed_ends()
    {
        await using var vault = await Start();
        await vault.Enter((await Split(shares: 2, needed: 2))[0]);

        Assert.Equal(0, await vault.End());
    }

    [Theory]
    [InlineData("--shares=1", "--needed=1")]
    [InlineData("--shares=2", "--needed=3")]
    [InlineData("--shares=17", "--needed=2")]
    [InlineData("--shares=3", "--needed=x")]
    [InlineData("--shares=3", "--verbose=1")]
    public async Task A_key_is_split_into_some_of_at_most_sixteen(params string[] options)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();

        Assert.Equal(64, await DataCore.Vault.Sealing.SplitMasterKey.Run([.. suite.ArgumentsOfAnother("datacore").Arguments, .. options], output, errors));
        Assert.Equal("", output.ToString());
        Assert.StartsWith("Give --shares N and --needed M", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_comes_from_the_environment_as_well_and_from_one_place_alone()
    {
        var key = await File.ReadAllTextAsync(suite.Certificates.MasterKey);

        await using (var replica = await suite.StartReplica("datacore", "--Vault:MasterKeyFile=", $"--Vault:MasterKey={key}"))
        {
            (await replica.Neighbour("cardservice").Get($"/internal/programmes/{TestUsers.SandboxProgram}")).Must(200);
        }
        foreach (var settings in new string[][] { ["--Vault:MasterKeyFile="], [$"--Vault:MasterKey={key}"], ["--Vault:MasterKeyFile=", "--Vault:MasterKey=AAAA"] })
        {
            var refused = await Assert.ThrowsAsync<ServiceDefaults.SettingsException>(() => suite.StartReplica("datacore", settings));
            Assert.DoesNotContain(key, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_key_that_is_not_what_its_record_says_stops_the_start_and_is_named()
    {
        var vault = suite.Database("datacore");
        var key = await vault.Scalar<Guid>("select id from vault_keys where purpose = 'PanEncryption'");
        var checkValue = await vault.Scalar<string>("select check_value from vault_keys where id = $1", key);
        try
        {
            await vault.Scalar<int>("update vault_keys set check_value = '0000000000' where id = $1", key);

            var refused = await Assert.ThrowsAsync<ServiceDefaults.SettingsException>(() => suite.StartReplica("datacore"));

            Assert.Contains($"Key {key} does not have the check value of its record.", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            await vault.Scalar<int>("update vault_keys set check_value = $2 where id = $1", key, checkValue!);
        }
    }

    private async Task<string[]> Split(int shares, int needed)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        Assert.Equal(0, await DataCore.Vault.Sealing.SplitMasterKey.Run([.. suite.ArgumentsOfAnother("datacore").Arguments, $"--shares={shares}", $"--needed={needed}"], output, errors));
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task<SealedDataCore> Start()
    {
        var (arguments, api, health) = suite.ArgumentsOfAnother("datacore");
        string[] ofSealed = [.. arguments.Where(argument => !argument.StartsWith("--Vault:MasterKeyFile", StringComparison.Ordinal)), "--Vault:Sealed=true"];
        var vault = new SealedDataCore(suite, ofSealed, api, health);
        await Eventually.Holds(async () => (await vault.Health()).Status != 0, "the ports to be open");
        return vault;
    }

    private sealed class SealedDataCore(Suite suite, string[] arguments, int api, int health) : IAsyncDisposable
    {
        private readonly HttpClient _health = new() { BaseAddress = new Uri($"http://127.0.0.1:{health}") };

        private readonly Process _process = Process.Start(new ProcessStartInfo("dotnet", [Program(), .. arguments]))!;

        public int Api => api;

        public Api CardService { get; } = suite.NeighbourAt("cardservice", api);

        public async Task<(int Status, string Vault, string Shares)> Health()
        {
            try
            {
                using var answer = await _health.GetAsync(new Uri("/health", UriKind.Relative));
                var checks = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("checks");
                return ((int)answer.StatusCode, Said("vault"), Said("shares"));

                string Said(string name) => checks.TryGetProperty(name, out var said) ? said.GetString()! : "";
            }
            catch (HttpRequestException)
            {
                return (0, "", "");
            }
        }

        /// <summary>What the command answers, on either of its outputs.</summary>
        public async Task<(int ExitCode, string Said)> Enter(string share)
        {
            using var input = new StringReader(share);
            using var said = new StringWriter { NewLine = "\n" };
            return (await DataCore.Vault.Sealing.EnterShare.Run(arguments, input, said, said), said.ToString());
        }

        /// <summary>Tells the process to end, as a deployment does.</summary>
        public async Task<int> End()
        {
            using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            await _process.WaitForExitAsync().WaitAsync(_ending);
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
            {
                await End();
            }
            _process.Dispose();
            _health.Dispose();
        }

        /// <summary>The service's own program, built beside the tests.</summary>
        private static string Program()
        {
            var root = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(root!.FullName, "Antaca.sln")))
            {
                root = root.Parent;
            }
            var configuration = AppContext.BaseDirectory.Contains("debug", StringComparison.OrdinalIgnoreCase) ? "debug" : "release";
            return Path.Combine(root.FullName, "artifacts", "bin", "DataCore", configuration, "Antaca.DataCore.dll");
        }
    }
}
