using System.Diagnostics;
using System.Security.Cryptography;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Vault.Rotation;

/// <summary>
/// Carries a rotation from its request to its end, at every replica at once: makes the new key and announces it, takes it
/// into use when every replica knows it, re-encrypts the records in batches, and retires the keys that none is left under.
/// Each step is one transaction and begins with what the database says, so that it does not matter who does it, or how
/// often somebody dies over it.
/// </summary>
internal sealed partial class ReencryptRecords(
    FollowVaultKeys follow, VaultKeys keys, Hsm hsm, NpgsqlDataSource database, RotationSettings settings, TimeProvider clock, ILogger<ReencryptRecords> log) : BackgroundService
{
    private const int OthersHoldTheRestMilliseconds = 50;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await follow.Woken(stoppingToken))
        {
            try
            {
                while (await Step(stoppingToken))
                {
                }
            }
            catch (NpgsqlException fault)
            {
                // What was begun is rolled back; the next wake-up or poll goes on.
                Interrupted(log, fault.Message);
            }
        }
    }

    /// <returns>Whether there is more to do at once.</returns>
    private async Task<bool> Step(CancellationToken cancel)
    {
        if (await database.FindRunningRotation(cancel) is not { } rotation)
        {
            return false;
        }
        if (!rotation.KeyMade)
        {
            await Announce(rotation, cancel);
            return false;
        }
        if (!rotation.KeyInUse)
        {
            return await TakeIntoUse(rotation, cancel);
        }

        await keys.Refresh(cancel);
        await ReencryptAll(rotation, cancel);
        if (!await Finish(rotation, cancel))
        {
            await Task.Delay(OthersHoldTheRestMilliseconds, cancel);
        }
        return true;
    }

    /// <summary>Every replica hears of the key, this one too, and then looks whether all know it.</summary>
    private async Task Announce(RotationStore.RunningRotation rotation, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        await keys.Announce(work, rotation.ToVersion);
        await work.TellReplicas();
        await work.Commit();
    }

    private async Task<bool> TakeIntoUse(RotationStore.RunningRotation rotation, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (!await work.IsKnownEverywhere(rotation.ToVersion))
        {
            return false;
        }
        await work.TakeIntoUse(rotation.ToVersion);
        await work.TellReplicas();
        await work.Commit();
        return true;
    }

    private async Task ReencryptAll(RotationStore.RunningRotation rotation, CancellationToken cancel)
    {
        var (version, card) = (0, Guid.Empty);
        while (true)
        {
            await using var work = await Work.Begin(database, cancel);
            var numbers = await work.TakeNumbers(rotation, version, card, settings.BatchRows);
            if (numbers.Count == 0)
            {
                return;
            }
            await Reencrypt(work, rotation, numbers);
            await work.Commit();
            (version, card) = (numbers[^1].KeyVersion, numbers[^1].CardId);
        }
    }

    private async Task Reencrypt(Work work, RotationStore.RunningRotation rotation, IReadOnlyList<StoredPan> numbers)
    {
        var encrypted = new List<(StoredPan Number, byte[] Pan)>(numbers.Count);
        var failed = new List<(Guid CardId, string Reason)>();
        foreach (var number in numbers)
        {
            if (FaultOf(number, out var pan) is { } reason)
            {
                failed.Add((number.CardId, reason));
                Failed(log, number.CardId, reason);
                continue;
            }
            var again = hsm.EncryptPan(number.CardId, pan);
            encrypted.Add(again.KeyVersion == rotation.ToVersion
                ? (number, again.Ciphertext)
                : throw new UnreachableException($"A rotation to version {rotation.ToVersion} runs, but {again.KeyVersion} is in use."));
        }
        if (encrypted.Count > 0)
        {
            var done = await work.SaveNumbers(
                rotation.ToVersion,
                [.. encrypted.Select(record => record.Number.CardId)],
                [.. encrypted.Select(record => record.Number.KeyVersion)],
                [.. encrypted.Select(record => record.Pan)]);
            await work.CountDone(rotation.Id, done);
        }
        if (failed.Count > 0)
        {
            await work.SaveFailures(rotation.Id, [.. failed.Select(record => record.CardId)], [.. failed.Select(record => record.Reason)], clock.GetUtcNow());
        }
    }

    /// <summary>Null for a number that opens and is the one that the card is found by.</summary>
    private string? FaultOf(StoredPan number, out Pan pan)
    {
        pan = default;
        if (!hsm.Has(KeyPurpose.PanEncryption, number.KeyVersion))
        {
            return "KEY_UNKNOWN";
        }
        try
        {
            pan = hsm.DecryptPan(number.CardId, new EncryptedPan(number.KeyVersion, number.Pan));
        }
        catch (CryptographicException)
        {
            return "DOES_NOT_OPEN";
        }
        return CryptographicOperations.FixedTimeEquals(hsm.Lookup(pan), number.PanHmac) ? null : "NUMBER_DIFFERS";
    }

    /// <returns>False while a number is left that somebody else holds, or has just written.</returns>
    private async Task<bool> Finish(RotationStore.RunningRotation rotation, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        await work.HoldFormerKeys(rotation.ToVersion);
        if (await work.AnyLeft(rotation))
        {
            return false;
        }
        var now = clock.GetUtcNow();
        if (await work.FinishRotation(rotation.Id, now) == 0)
        {
            return true;
        }
        foreach (var version in await work.RetireFormerKeys(rotation.ToVersion, now))
        {
            work.Owe(Entry("RetireDataKey", $"dataKey:{version}", outcome: null, now));
        }
        work.Owe(Entry("FinishRotation", $"rotation:{rotation.Id}", await work.AnyFailed(rotation.Id) ? "INCOMPLETE" : null, now));
        await work.TellReplicas();
        await work.Commit();
        return true;
    }

    private static Audited Entry(string action, string subject, string? outcome, DateTimeOffset now) =>
        new(nameof(Channel.Admin), Service.Name, action, subject, UserId: null, PartnerId: null, outcome, TraceId: null, now);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The vault's rotation was interrupted and goes on: {Reason}")]
    private static partial void Interrupted(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The vault's record of card {CardId} cannot be re-encrypted: {Reason}")]
    private static partial void Failed(ILogger log, Guid cardId, string reason);
}
