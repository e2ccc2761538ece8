using Antaca.DataCore.Credentials;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// The command <c>operators invite-first --email e --name n</c>: invites the first Admin of a suite that has no active
/// operator, and prints the link once. Whoever can run it has the database's login anyway.
/// </summary>
internal static class InviteFirstOperator
{
    private const int Refused = 1;
    private const int Usage = 64;
    private const int UnusableSettings = 78;

    public static async Task<int> Run(string[] args)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        var (email, name) = (configuration["email"] ?? "", configuration["name"] ?? "");
        if (InviteOperator.FaultsOf(email, name).Any)
        {
            await Console.Error.WriteLineAsync("Usage: operators invite-first --email somebody@example.com --name \"Some Body\"");
            return Usage;
        }
        if (configuration.GetConnectionString("database") is not { } owner)
        {
            await Console.Error.WriteLineAsync("ConnectionStrings:database is required.");
            return UnusableSettings;
        }

        await Migrations.Apply(owner, Service.RequestsRole, typeof(Service).Assembly);
        var settings = configuration.GetSection("Operators").Get<OperatorSettings>() ?? new OperatorSettings();
        var now = TimeProvider.System.GetUtcNow();
        var link = Token.New();
        await using var database = NpgsqlDataSource.Create(owner);
        await using var work = await Work.Begin(database, CancellationToken.None);
        if (await work.HasActiveOperator())
        {
            await Console.Error.WriteLineAsync("There is an active operator already: let an Admin send the invitation.");
            return Refused;
        }
        var invited = InviteOperator.New(email, name, Role.Admin, now);
        if (!await work.Add(invited))
        {
            invited = (await work.FindForLogin(invited.Email, now))!;
        }
        await work.AddLink(link.Hash, invited.Id, LinkKind.Invitation, now, now.AddMinutes(SendOperatorLink.LinkMinutes));
        await work.Commit();
        await Console.Out.WriteLineAsync($"{invited.Email} becomes an Admin with this link, within {SendOperatorLink.LinkMinutes} minutes and once:");
        await Console.Out.WriteLineAsync(settings.LinkOf(link.Reveal()));
        return 0;
    }
}
