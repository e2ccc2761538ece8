using Antaca.Contracts.Events;
using Antaca.DataCore.Credentials;
using Antaca.ServiceDefaults;
using Dapper;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// The command <c>operators invite-first --email a@b.c --name "..."</c>: while no operator is active, makes an Admin out of
/// whoever is named, and prints the link of his invitation, once. Nobody else could invite the first one, and whoever can run it
/// has the database's login anyway.
/// </summary>
internal static class InviteFirstOperator
{
    private const int Done = 0;
    private const int Refused = 1;
    private const int Usage = 64;
    private const int UnusableSettings = 78;

    /// <param name="args">The command's own options and the service's settings; these may be in the environment too.</param>
    public static async Task<int> Run(string[] args, TimeProvider clock, TextWriter output, TextWriter errors)
    {
        var options = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        if (options.GetConnectionString("database") is not { } owner)
        {
            return await Refuse(UnusableSettings, "ConnectionStrings:database is required (a PostgreSQL connection string of the owning login).");
        }
        if (options.GetSection("Operators").Get<OperatorSettings>() is not { PanelAddress.Length: > 0 } settings)
        {
            return await Refuse(UnusableSettings, "Operators:PanelAddress is required (where operators reach the panel).");
        }
        if (options["email"] is not { } email || options["name"] is not { } name || InviteOperator.FaultsOf(email, name).Any)
        {
            return await Refuse(Usage, """Usage: operators invite-first --email a@b.c --name "...", an e-mail address and a name of 1 to 128 characters.""");
        }

        DefaultTypeMap.MatchNamesWithUnderscores = true;
        await Migrations.Apply(owner, Service.RequestsRole, typeof(Service).Assembly);
        await using var database = NpgsqlDataSource.Create(owner);
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, CancellationToken.None);
        // Two such commands at once: the second waits, and sees what the first did.
        await work.Change("lock table operators in share row exclusive mode");
        if (await work.One<bool>("select exists (select 1 from operators where status = 'Active' or locked_until <= @now)", new { now }))
        {
            return await Refuse(Refused, "There is an active operator already. An Admin or Manager invites the next one.");
        }
        var invited = InviteOperator.New(email, name, Role.Admin, now);
        if (!await work.Add(invited))
        {
            invited = (await work.FindForLogin(invited.Email, now))!;
            if (invited.Status != OperatorStatus.Invited)
            {
                return await Refuse(Refused, "The operator with that e-mail address is locked. Invite another address.");
            }
            await work.Save(invited with { Role = Role.Admin });
        }
        var link = Token.New();
        await work.AddLink(link.Hash, invited.Id, LinkKind.Invitation, now, now.AddMinutes(SendOperatorLink.LinkMinutes));
        work.Owe(new Audited(nameof(Channel.Admin), "command", nameof(InviteFirstOperator), invited.AuditName, UserId: null, PartnerId: null, Outcome: null, TraceId: null, now));
        await work.Commit();
        await errors.WriteLineAsync($"Invited {invited.Email} as Admin, with this link, once, within {SendOperatorLink.LinkMinutes} minutes:");
        await output.WriteLineAsync(settings.LinkOf(link.Reveal()));
        return Done;

        async Task<int> Refuse(int code, string why)
        {
            await errors.WriteLineAsync(why);
            return code;
        }
    }
}
