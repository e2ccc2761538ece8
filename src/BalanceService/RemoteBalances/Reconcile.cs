using System.Globalization;
using System.Text.Json;
using Antaca.BalanceService.Holds;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>
/// Makes, after midnight UTC, the account of the day before for each programme whose balances the partner holds: what we decided and
/// told, what of it was not taken, and in what the host counts differently. Any number of replicas may do this: the first account stands.
/// </summary>
internal sealed partial class Reconcile(NpgsqlDataSource database, PartnerHosts hosts, Programmes programmes, TimeProvider clock, ILogger<Reconcile> log) : BackgroundService
{
    public const int KeepMessagesDays = 35;

    private const int EverySeconds = 30;
    private const int BatchProgrammes = 100;

    private DateOnly _done = DateOnly.MinValue;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(EverySeconds), clock);
        do
        {
            try
            {
                await ReconcileYesterday(stoppingToken);
            }
            catch (Exception away) when (away is NpgsqlException or TimeoutException or PeerUnreachableException)
            {
                AccountsWait(log, away.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ReconcileYesterday(CancellationToken cancel)
    {
        var today = new DateTimeOffset(clock.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        var day = DateOnly.FromDateTime(today.UtcDateTime).AddDays(-1);
        if (day == _done)
        {
            return;
        }
        while (await database.FindUnreconciled(day, today, BatchProgrammes, cancel) is { Count: > 0 } open)
        {
            foreach (var programme in open)
            {
                await ReconcileOne(programme, day, today.AddDays(-1), today, cancel);
            }
        }
        await using var work = await Work.Begin(database, cancel);
        await work.ForgetRemote(today.AddDays(-KeepMessagesDays));
        await work.Commit();
        _done = day;
    }

    private async Task ReconcileOne(RemoteProgramme programme, DateOnly day, DateTimeOffset begin, DateTimeOffset end, CancellationToken cancel)
    {
        var sums = (await database.SumDay(programme, SpendWindow.FirstId(begin), SpendWindow.FirstId(end), begin, end, cancel))!;
        var ours = sums.Figures();
        var path = $"/reconciliation?day={day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}&currency={programme.Currency}";
        var reply = (await programmes.Find(programme.ProgrammeId, cancel))?.RemoteUrl is { } remoteUrl
            ? await hosts.Get(remoteUrl, path, PartnerJson.Default.DayFigures)
            : new PartnerReply<DayFigures>(0, null, false);
        var differences = reply.Value is { } theirs ? ours.Differing(theirs) : [];
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        await work.Keep(new Reconciliation
        {
            Id = Guid.CreateVersion7(now),
            PartnerId = programme.PartnerId,
            ProgrammeId = programme.ProgrammeId,
            Day = day,
            Currency = programme.Currency,
            Ours = JsonSerializer.Serialize(ours, PartnerJson.Default.DayFigures),
            Theirs = reply.Value is { } told ? JsonSerializer.Serialize(told, PartnerJson.Default.DayFigures) : null,
            Outcome = reply switch
            {
                { Answered: false } => ReconciliationOutcome.Unanswered,
                { Value: null } => ReconciliationOutcome.NotGiven,
                _ => differences.Count == 0 ? ReconciliationOutcome.Agreed : ReconciliationOutcome.Differs,
            },
            Differences = [.. differences],
            Undelivered = sums.Undelivered,
            Unavailable = sums.Unavailable,
            DepositPosted = sums.DepositPosted,
            DepositHeld = sums.DepositHeld,
            CreatedAt = now,
        });
        await work.Commit();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The accounts of the day before wait: {Reason}")]
    private static partial void AccountsWait(ILogger log, string reason);
}
