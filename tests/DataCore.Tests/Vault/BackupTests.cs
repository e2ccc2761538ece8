using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

/// <summary>What docs/backup.md promises of DataCore's database.</summary>
public sealed class BackupTests(Suite suite) : IClassFixture<Suite>
{
    [Fact]
    public async Task A_restored_database_reveals_its_cards_under_its_own_master_key_and_starts_under_no_other()
    {
        var card = RotationSuite.Allocation(TestUsers.SandboxPartner, TestUsers.SandboxProgram);
        var cardId = (Guid)card["cardId"];
        var number = await suite.Neighbour("gateway", "datacore").Resolve((await suite.Neighbour("cardservice", "datacore").Post("/internal/vault/cards", card)).Must(200), cardId);

        var restored = await DumpAndRestore();

        await using (var replica = await suite.StartReplica("datacore", $"--ConnectionStrings:database={restored}"))
        {
            var reveal = new { cardId, partnerId = TestUsers.SandboxPartner, binding = "test" };
            var references = (await replica.Neighbour("cardservice").Post("/internal/vault/cards/reveal", reveal)).Must(200);
            Assert.Equal(number, await replica.Neighbour("gateway").Resolve(references, cardId));
        }

        var otherKey = Path.Combine(suite.Folder, "other-master.key");
        await File.WriteAllTextAsync(otherKey, "development:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        await using var database = NpgsqlDataSource.Create(restored);
        var keys = await database.Scalar<long>("select count(*) from vault_keys");
        var refused = await Assert.ThrowsAsync<SettingsException>(
            () => suite.StartReplica("datacore", $"--ConnectionStrings:database={restored}", $"--Vault:MasterKeyFile={otherKey}"));
        Assert.Contains("Vault:MasterKeyFile holds another master key", refused.Message, StringComparison.Ordinal);
        Assert.Equal(keys, await database.Scalar<long>("select count(*) from vault_keys"));
    }

    /// <returns>The connection string of the owning login for the restored database.</returns>
    private async Task<string> DumpAndRestore()
    {
        var administrator = suite.Database("datacore");
        var from = new NpgsqlConnectionStringBuilder(suite.ConnectionString("datacore"));
        var to = from.Database + "_restored";
        var file = Path.Combine(suite.Folder, "datacore.dump");
        await Tool("pg_dump", from, "--format=custom", $"--file={file}", from.Database!);
        await administrator.Run($"create database {to} owner datacore");
        await Tool("pg_restore", from, "--exit-on-error", "--no-comments", $"--dbname={to}", file);
        from.Database = to;
        return from.ConnectionString;
    }

    private static async Task Tool(string name, NpgsqlConnectionStringBuilder login, params string[] arguments)
    {
        var program = Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateFiles("/usr/lib/postgresql", name, SearchOption.AllDirectories).OrderDescending(StringComparer.Ordinal).FirstOrDefault() ?? name
            : name;
        using var process = Process.Start(new ProcessStartInfo(program, [$"--host={login.Host}", $"--port={login.Port.ToString(CultureInfo.InvariantCulture)}", $"--username={login.Username}", .. arguments])
        {
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = login.Password },
        })!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{name}: {errors}");
    }
}
