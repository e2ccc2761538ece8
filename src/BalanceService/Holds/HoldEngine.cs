using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.Rates;
using Antaca.BalanceService.RemoteBalances;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

[assembly: InternalsVisibleTo("Antaca.Benchmarks")]

namespace Antaca.BalanceService.Holds;

/// <summary>An authorisation that waits to be decided.</summary>
/// <param name="Word">What the partner's host said of a balance that the partner holds; null where it has not been asked.</param>
internal sealed record Waiting(DecideAuthorisation Asked, RemoteWord? Word)
{
    public byte[] Fingerprint { get; } = Authorisation.FingerprintOf(Asked);

    public TaskCompletionSource<Decided> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>How it ended for one who waited: an answer, one of the refusals below, or nothing that can be found.</summary>
internal sealed record Decided(DecidedKind Kind, Authorisation? Answer = null);

internal enum DecidedKind
{
    Answered,
    BalanceNotFound,
    TransactionIdReused,

    /// <summary>The partner holds the balance, and must be asked first. Nothing was decided.</summary>
    PartnerFirst,

    /// <summary>Too many wait, or somebody keeps the balance.</summary>
    Busy,
}

/// <summary>A balance as a batch found it, and what the batch has left of it.</summary>
internal sealed record HeldBalance(Guid Id, Guid PartnerId, Guid UserId, string Currency, AccountState State, bool Remote, long Found)
{
    public long Available { get; set; } = Found;
}

/// <summary>A partner's own account behind balances, and what the batch has left of it.</summary>
internal sealed record BackingAccount(Guid Id, long Found)
{
    public long Available { get; set; } = Found;
}

/// <summary>What a card spent on a balance since the transaction with the first id.</summary>
internal readonly record struct SpentWindow(Guid AccountId, Guid CardId, Guid FirstId);

internal sealed record DecidedBefore(Authorisation Answer, bool Late);

/// <summary>A decision with all that its row needs.</summary>
internal sealed record DecidedNow
{
    public required DecideAuthorisation Asked { get; init; }
    public required Authorisation Answer { get; init; }

    /// <summary>What was asked for: in the balance's currency, unless there is no rate for it.</summary>
    public required long Amount { get; init; }

    public required string Currency { get; init; }
    public bool Remote { get; init; }
    public Guid? BackingId { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public long? OriginalAmount { get; init; }
    public string? OriginalCurrency { get; init; }
    public Guid? RateId { get; init; }
    public string? Explanation { get; init; }

    /// <summary>What the host of a partner that holds the balance must be told of it.</summary>
    public RemoteMessage? ForPartner { get; init; }
}

/// <summary>
/// Decides authorisations. Those that come while a batch commits make up the next one: their balances are locked in the order of
/// their ids, they are decided in memory in the order they came, and written with arrays in one transaction. Two lanes work
/// side by side, in every replica: what they share is in the database alone.
/// <para>
/// A partner's own account, where all its users' authorisations meet, is read without a lock, and changed last, by the
/// statement that writes the holds: so it is kept for no longer than the commit. Where that shows that it does not suffice, the batch
/// is decided anew with it locked.
/// </para>
/// </summary>
internal sealed partial class HoldEngine(NpgsqlDataSource database, ExchangeRates rates, TimeProvider clock, ILogger<HoldEngine> log) : BackgroundService
{
    /// <summary>How many may wait; whoever comes then hears so at once.</summary>
    public const int MaxWaiting = 4_096;

    public const int MaxBatch = 256;

    private const int Lanes = 2;
    private const int MaxTries = 8;
    private const int BatchLockMilliseconds = 200;
    private const int PatientLockMilliseconds = 1_200;
    private const int MaxPatient = 16;
    private const int RestMilliseconds = 100;

    private static readonly Histogram<int> _batches = LedgerMeter.Meter.CreateHistogram<int>("antaca.holds.batch", "{authorisation}", "How many authorisations were decided in one transaction.");

    private readonly Channel<Waiting> _waiting = System.Threading.Channels.Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MaxWaiting) { AllowSynchronousContinuations = false });
    private readonly SemaphoreSlim _patient = new(MaxPatient);

    /// <summary>Decides, or says what was decided before. Once begun it goes on to its end, whoever still listens.</summary>
    public Task<Decided> Decide(DecideAuthorisation asked, RemoteWord? word = null)
    {
        var waiting = new Waiting(asked, word);
        return _waiting.Writer.TryWrite(waiting) ? waiting.Answer.Task : Task.FromResult(new Decided(DecidedKind.Busy));
    }

    public override void Dispose()
    {
        _patient.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => Task.Run(() => Serve(stoppingToken), CancellationToken.None)));

    private async Task Serve(CancellationToken stopping)
    {
        await using var lane = new Lane(database, BatchLockMilliseconds);
        var batch = new List<Waiting>(MaxBatch);
        while (await Next(batch, stopping))
        {
            _batches.Record(batch.Count);
            try
            {
                await DecideAll(lane, batch);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // Nobody waits for ever: each hears what the handler of broken promises makes of it.
                BatchFailed(log, batch.Count, fault.GetType().Name, fault.Message);
                foreach (var waiting in batch)
                {
                    waiting.Answer.TrySetException(fault);
                }
            }
            batch.Clear();
        }
    }

    /// <summary>The next batch: all who wait, up to <see cref="MaxBatch"/>.</summary>
    private async Task<bool> Next(List<Waiting> batch, CancellationToken stopping)
    {
        try
        {
            if (!await _waiting.Reader.WaitToReadAsync(stopping))
            {
                return false;
            }
        }
        catch (OperationCanceledException)
        {
            // What is in the queue was promised an answer.
            _waiting.Writer.TryComplete();
        }
        while (batch.Count < MaxBatch && _waiting.Reader.TryRead(out var waiting))
        {
            batch.Add(waiting);
        }
        return batch.Count > 0 || !stopping.IsCancellationRequested;
    }

    private async Task DecideAll(Lane lane, List<Waiting> batch)
    {
        var skipLocked = false;
        var lockBacking = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var decided = await Decide(lane, batch, skipLocked, lockBacking);
                if (decided is null)
                {
                    lockBacking = true;
                    continue;
                }
                foreach (var (waiting, answer) in decided)
                {
                    waiting.Answer.TrySetResult(answer);
                }
                foreach (var waiting in batch.Where(waiting => !waiting.Answer.Task.IsCompleted))
                {
                    _ = DecidePatiently(waiting);
                }
                return;
            }
            catch (PostgresException refused) when (attempt < MaxTries && IsRace(refused))
            {
                skipLocked |= refused.SqlState == PostgresErrorCodes.LockNotAvailable;
                lockBacking |= refused is { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: "accounts_available" };
                await lane.Abandon();
            }
            catch (NpgsqlException away) when (attempt < MaxTries && (away.IsTransient || away is not PostgresException))
            {
                // Whether the commit came through is not known. What was decided is found again, what was not is decided now.
                await lane.Close();
                await Task.Delay(TimeSpan.FromMilliseconds(RestMilliseconds), CancellationToken.None);
            }
            catch (Exception)
            {
                await lane.Close();
                throw;
            }
        }
    }

    /// <summary>A balance that somebody keeps: its authorisation waits by itself, so that nobody else does.</summary>
    private async Task DecidePatiently(Waiting waiting)
    {
        if (!await _patient.WaitAsync(PatientLockMilliseconds))
        {
            waiting.Answer.TrySetResult(new Decided(DecidedKind.Busy));
            return;
        }
        try
        {
            await using var lane = new Lane(database, PatientLockMilliseconds);
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    if (await Decide(lane, [waiting], skipLocked: false, lockBacking: true) is { } decided)
                    {
                        waiting.Answer.TrySetResult(decided.Single().Answer);
                    }
                    return;
                }
                catch (PostgresException refused) when (attempt < MaxTries && IsRace(refused) && refused.SqlState != PostgresErrorCodes.LockNotAvailable)
                {
                    await lane.Abandon();
                }
            }
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            waiting.Answer.TrySetResult(new Decided(DecidedKind.Busy));
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            waiting.Answer.TrySetException(fault);
        }
        finally
        {
            _patient.Release();
        }
    }

    private static bool IsRace(PostgresException refused) => refused switch
    {
        // The same transaction in another lane or replica: it is found next time.
        { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "transactions_once" } => true,
        { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: "accounts_available" } => true,
        { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure } => true,
        _ => false,
    };

    /// <returns>The answers, without those whose balances were locked; null when the partners' accounts must be locked to be sure.</returns>
    private async Task<List<(Waiting Waiting, Decided Answer)>?> Decide(Lane lane, List<Waiting> batch, bool skipLocked, bool lockBacking)
    {
        var now = clock.GetUtcNow();
        var windows = batch.ConvertAll(waiting => WindowsOf(waiting.Asked, now));
        var looked = windows.SelectMany(window => window).OfType<SpentWindow>().Distinct().ToList();

        var connection = await lane.Open();
        var found = await connection.Begin(
            new HoldStore.Asked { Batch = batch, Windows = looked, SkipLocked = skipLocked, LockBacking = lockBacking }, CancellationToken.None);
        var spent = looked.Index().ToDictionary(window => window.Item, window => found.Spent.GetValueOrDefault(window.Index));

        var answers = new List<(Waiting, Decided)>(batch.Count);
        var decided = new List<DecidedNow>(batch.Count);
        var repeated = new List<(Guid Id, Guid Attempt)>();
        var forPartners = new List<RemoteMessage>();
        var thisBatch = new Dictionary<(string, string, string), DecidedBefore>();
        for (var place = 0; place < batch.Count; place++)
        {
            var waiting = batch[place];
            var asked = waiting.Asked;
            var identity = (asked.Processor, asked.TransactionId, asked.Type);
            if (found.Decided.TryGetValue(place, out var before) || thisBatch.TryGetValue(identity, out before))
            {
                var again = Again(waiting, before);
                answers.Add((waiting, again));
                if (waiting.Word is { } late && again is { Answer: { Approved: false } no } && RemoteMessage.After(asked, late, no, now) is { } undo)
                {
                    forPartners.Add(undo);
                }
                if (again is { Answer.Approved: true } && asked.Attempt is { } attempt)
                {
                    repeated.Add((before.Answer.Id, attempt));
                }
                continue;
            }
            if (!found.Balances.TryGetValue(asked.BalanceId, out var balance))
            {
                if (!skipLocked)
                {
                    answers.Add((waiting, new Decided(DecidedKind.BalanceNotFound)));
                }
                continue;
            }
            if (balance.PartnerId != asked.PartnerId || balance.UserId != asked.UserId)
            {
                answers.Add((waiting, new Decided(DecidedKind.BalanceNotFound)));
                continue;
            }

            if (balance is { Remote: true, State: AccountState.Open } && waiting.Word is null && asked is { Decline: null, Amount: > 0 })
            {
                answers.Add((waiting, new Decided(DecidedKind.PartnerFirst)));
                continue;
            }

            var backing = found.Backing.GetValueOrDefault((balance.PartnerId, balance.Currency, balance.Remote ? nameof(AccountKind.Deposit) : nameof(AccountKind.Credit)));
            var one = await DecideOne(waiting, balance, backing, windows[place], spent, now);
            if (one.Answer.Reason == "PARTNER_LIMIT" && !lockBacking)
            {
                await lane.Abandon();
                return null;
            }
            decided.Add(one);
            thisBatch[identity] = new DecidedBefore(one.Answer, Late: false);
            answers.Add((waiting, new Decided(DecidedKind.Answered, one.Answer)));
        }

        forPartners.AddRange(decided.Select(one => one.ForPartner).OfType<RemoteMessage>());
        await connection.Commit(decided, repeated, EventsOf(decided, now), forPartners, now, CancellationToken.None);
        return answers;
    }

    private async ValueTask<DecidedNow> DecideOne(
        Waiting waiting,
        HeldBalance balance,
        BackingAccount? backing,
        SpentWindow?[] windows,
        Dictionary<SpentWindow, (long Spent, int Used)> spent,
        DateTimeOffset now)
    {
        var asked = waiting.Asked;
        var word = waiting.Word;
        var rate = asked.Currency == balance.Currency ? null : word?.Rate ?? await rates.Find(asked.Currency, balance.Currency, CancellationToken.None);
        var amount = asked.Currency == balance.Currency ? asked.Amount : rate?.Convert(asked.Amount, asked.Currency, balance.Currency);
        var inputs = new DecisionInputs
        {
            Card = asked.Decline ?? word?.Decline,
            State = balance.State,
            Amount = amount,
            Available = balance.Remote ? word?.Amount ?? 0 : balance.Available,
            BackingAvailable = backing?.Available ?? (balance.Remote ? 0 : null),
            Partial = asked.Partial,
            StandIn = word?.StandIn == true ? true : null,
            Limits = [.. windows.Zip(asked.Limits ?? [], (window, limit) =>
            {
                var before = window is { } counted ? spent[counted] : default;
                return new LimitInput(limit.Rule, limit.Amount, limit.Uses, before.Spent, before.Used);
            })],
        };
        var decision = Decision.Of(inputs);
        if (decision.Amount > 0)
        {
            if (!balance.Remote)
            {
                balance.Available -= decision.Amount;
            }
            if (backing is not null)
            {
                backing.Available -= decision.Amount;
            }
            foreach (var window in windows.OfType<SpentWindow>().Distinct())
            {
                spent[window] = (spent[window].Spent + decision.Amount, spent[window].Used + 1);
            }
        }

        var converted = amount is not null && asked.Currency != balance.Currency;
        var answer = new Authorisation
        {
            Id = Guid.CreateVersion7(now),
            Fingerprint = waiting.Fingerprint,
            ActionCode = decision.ActionCode,
            Reason = decision.Reason,
            ApprovalCode = decision.Approved ? Authorisation.NewApprovalCode() : null,
            Available = balance.Remote ? (word?.Left ?? 0) + inputs.Available - decision.Amount : balance.Available,
            Currency = balance.Currency,
            Amount = decision.Amount,
        };
        return new DecidedNow
        {
            Asked = asked,
            Answer = answer,
            Amount = amount ?? asked.Amount,
            Currency = amount is null ? asked.Currency : balance.Currency,
            Remote = balance.Remote,
            // A decline in a currency that cannot be counted here touches no account of another one.
            BackingId = amount is null ? null : backing?.Id,
            ExpiresAt = decision.Amount > 0 ? now.AddDays(asked.HoldLifetimeDays) : null,
            OriginalAmount = asked.OriginalAmount ?? (converted ? asked.Amount : null),
            OriginalCurrency = asked.OriginalCurrency ?? (converted ? asked.Currency : null),
            RateId = converted ? rate!.Id : null,
            Explanation = decision.Approved && word is not { StandIn: true } ? null : Explanation.Written(decision, inputs),
            ForPartner = word is null ? null : RemoteMessage.After(asked, word, answer, now),
        };
    }

    /// <summary>A repeat hears what was decided; only where that came too late for anybody, it hears that.</summary>
    private static Decided Again(Waiting waiting, DecidedBefore before) =>
        before.Answer.Reason == ReverseTransaction.ReversedFirst ? new Decided(DecidedKind.Answered, before.Answer)
        : !before.Answer.Fingerprint.AsSpan().SequenceEqual(waiting.Fingerprint) ? new Decided(DecidedKind.TransactionIdReused)
        : before.Late ? new Decided(DecidedKind.Answered, before.Answer with { ActionCode = "1000", Reason = "ANSWERED_LATE", ApprovalCode = null, Amount = 0 })
        : new Decided(DecidedKind.Answered, before.Answer);

    /// <summary>What each limit counts besides this transaction, in their order; null for one that counts nothing else. None where no money is asked for.</summary>
    private static SpentWindow?[] WindowsOf(DecideAuthorisation asked, DateTimeOffset now)
    {
        if (asked.Amount == 0 || asked.Limits is not { Count: > 0 } limits)
        {
            return [];
        }
        var zone = TimeZoneInfo.FindSystemTimeZoneById(asked.TimeZone);
        return [.. limits.Select(limit => limit.Window == SpendWindow.Transaction
            ? (SpentWindow?)null
            : new SpentWindow(asked.BalanceId, asked.CardId, SpendWindow.FirstId(SpendWindow.Beginning(limit.Window, zone, now))))];
    }

    private static List<(Guid[] Ids, string Type, string Body)> EventsOf(List<DecidedNow> decided, DateTimeOffset now)
    {
        var owed = new List<(Guid[], string, string)>();
        var approved = decided.Where(one => one.Answer.Approved)
            .Select(one => new AuthorisationApproved(
                one.Asked.PartnerId, one.Asked.UserId, one.Asked.BalanceId, one.Asked.CardId, one.Answer.Id, one.Answer.Amount, one.Currency, now))
            .ToList();
        var declined = decided.Where(one => !one.Answer.Approved)
            .Select(one => new AuthorisationDeclined(
                one.Asked.PartnerId, one.Asked.UserId, one.Asked.BalanceId, one.Asked.CardId, one.Answer.Id, one.Amount, one.Currency, one.Answer.ActionCode, one.Answer.Reason, now))
            .ToList();
        if (approved.Count > 0)
        {
            owed.Add(Outbox.Owing(approved));
        }
        if (declined.Count > 0)
        {
            owed.Add(Outbox.Owing(declined));
        }
        return owed;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A batch of {Authorisations} authorisations could not be decided: {Kind}: {Reason}")]
    private static partial void BatchFailed(ILogger log, int authorisations, string kind, string reason);

    /// <summary>A connection that is kept, with its statements planned.</summary>
    private sealed class Lane(NpgsqlDataSource database, int lockMilliseconds) : IAsyncDisposable
    {
        private NpgsqlConnection? _connection;

        public async ValueTask<NpgsqlConnection> Open()
        {
            if (_connection is not null)
            {
                return _connection;
            }
            var connection = await database.OpenConnectionAsync();
            try
            {
                await using var pin = new NpgsqlCommand($"{HoldStore.Pinned}; set lock_timeout = {lockMilliseconds}", connection);
                await pin.ExecuteNonQueryAsync();
            }
            catch (Exception)
            {
                await connection.DisposeAsync();
                throw;
            }
            return _connection = connection;
        }

        public Task Abandon() => _connection is { } connection ? connection.Abandon(CancellationToken.None) : Task.CompletedTask;

        public async Task Close()
        {
            if (_connection is { } connection)
            {
                _connection = null;
                await connection.DisposeAsync();
            }
        }

        public async ValueTask DisposeAsync() => await Close();
    }
}

/// <summary>What this service measures besides what every service does.</summary>
internal static class LedgerMeter
{
    public static readonly Meter Meter = new("Antaca.Ledger");
}
