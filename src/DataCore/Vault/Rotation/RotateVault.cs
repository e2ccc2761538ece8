using System.Globalization;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Dapper;
using Npgsql;

namespace Antaca.DataCore.Vault.Rotation;

/// <summary>Asks for the re-encryption of the vault under a new data key. It runs in the background while everything is served; one at a time.</summary>
internal static class RotateVault
{
    private const int Refused = 1;
    private const int UnusableSettings = 78;

    public static void MapRotateVault(this IEndpointRouteBuilder vault) =>
        vault.MapPost("/rotation", Handle).AdmitsOperators(Role.Admin).Produces<RotationView>(202)
            .Refuses(RotationProblems.Running());

    private static async Task<IResult> Handle(Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, nameof(RotateVault)) is { } earlier)
        {
            return earlier;
        }
        var rotationId = Guid.CreateVersion7(now);
        if (await work.AddRotation(rotationId, now) is null)
        {
            return RotationProblems.Running();
        }
        await work.TellReplicas();
        Work.Audit(subject: $"rotation:{rotationId}");
        return await work.Answer(once, StatusCodes.Status202Accepted, await work.ViewOfRotation(now));
    }

    /// <summary>The command <c>vault rotate</c>: the same, for whoever has the database's login.</summary>
    public static async Task<int> Run(string[] args, TimeProvider clock, TextWriter output, TextWriter errors)
    {
        if (new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build().GetConnectionString("database") is not { } owner)
        {
            await errors.WriteLineAsync("ConnectionStrings:database is required.");
            return UnusableSettings;
        }
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        await using var database = NpgsqlDataSource.Create(owner);
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, CancellationToken.None);
        var rotationId = Guid.CreateVersion7(now);
        if (await work.AddRotation(rotationId, now) is not { } toVersion)
        {
            await errors.WriteLineAsync("The vault is being re-encrypted already. ./antaca vault status says how far it is.");
            return Refused;
        }
        await work.TellReplicas();
        work.Owe(new Audited(nameof(Channel.Admin), "command", nameof(RotateVault), $"rotation:{rotationId}", UserId: null, PartnerId: null, Outcome: null, TraceId: null, now));
        await work.Commit();
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"The vault is re-encrypted under data key version {toVersion}. ./antaca vault status says how far it is."));
        return 0;
    }
}
