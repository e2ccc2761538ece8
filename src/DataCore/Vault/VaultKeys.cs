using System.Collections.Concurrent;
using System.Security.Cryptography;
using Antaca.DataCore.Programmes;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Vault;

internal sealed record VaultSettings
{
    /// <summary>The file with the base64 of the 32-byte master key. One that begins with <c>development:</c> serves Development only.</summary>
    public string MasterKeyFile { get; init; } = "";

    /// <summary>The same in the environment (<c>Vault__MasterKey</c>) instead of a file, for platforms that hand secrets over so.</summary>
    public string MasterKey { get; init; } = "";

    /// <summary>Never prints the key.</summary>
    public override string ToString() => nameof(VaultSettings);

    /// <summary>Instead of either: the service starts sealed, and operators enter shares of the master key (<c>vault unseal</c>).</summary>
    public bool Sealed { get; init; }
}

/// <summary>
/// The vault's keys: read from the database into the <see cref="Hsm"/> at start and when another replica has made one
/// since, and made where they are missing.
/// </summary>
internal sealed class VaultKeys(Hsm hsm, NpgsqlDataSource database, TimeProvider clock)
{
    private const string DevelopmentPrefix = "development:";

    private static readonly KeyPurpose[] _ofTheSuite = [KeyPurpose.PanEncryption, KeyPurpose.PanLookup, KeyPurpose.PanPermutation, KeyPurpose.References, KeyPurpose.Credentials, KeyPurpose.OperatorSecrets];

    private readonly ConcurrentDictionary<(Guid ProgramId, KeyPurpose Purpose), Guid> _ofProgrammes = new();
    private readonly ConcurrentDictionary<Guid, ExpiryOrder> _expiryOrders = new();
    private readonly ConcurrentDictionary<Guid, string> _processors = new();
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when <see cref="Load"/> has.</summary>
    public Task Loaded => _loaded.Task;

    /// <summary>Reads the master key into an Hsm.</summary>
    /// <exception cref="SettingsException">The file does not hold a key, or holds a development one elsewhere.</exception>
    public static Hsm OpenHsm(VaultSettings settings, IHostEnvironment environment)
    {
        Span<byte> key = stackalloc byte[Hsm.MasterKeyBytes];
        try
        {
            ReadMasterKey(settings, environment, key);
            return new Hsm(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <param name="key">Receives the key; the caller clears it.</param>
    /// <exception cref="SettingsException">There is no key, two, something else, or a development one outside Development.</exception>
    public static void ReadMasterKey(VaultSettings settings, IHostEnvironment environment, Span<byte> key)
    {
        var setting = settings.MasterKey.Length > 0 ? "Vault:MasterKey" : "Vault:MasterKeyFile";
        if (settings.MasterKey.Length > 0 == settings.MasterKeyFile.Length > 0)
        {
            throw new SettingsException(["Vault: one of MasterKeyFile, MasterKey and Sealed is required"]);
        }
        if (settings.MasterKeyFile.Length > 0 && !File.Exists(settings.MasterKeyFile))
        {
            throw new SettingsException(["Vault:MasterKeyFile names no file"]);
        }
        var text = (settings.MasterKey.Length > 0 ? settings.MasterKey : File.ReadAllText(settings.MasterKeyFile)).Trim();
        var development = text.StartsWith(DevelopmentPrefix, StringComparison.Ordinal);
        if (development && !environment.IsDevelopment())
        {
            throw new SettingsException([$"{setting} holds a development key; {environment.EnvironmentName} needs one of its own"]);
        }
        if (!Convert.TryFromBase64String(development ? text[DevelopmentPrefix.Length..] : text, key, out var length) || length != key.Length)
        {
            throw new SettingsException([$"{setting} must hold the base64 of {Hsm.MasterKeyBytes} bytes"]);
        }
    }

    /// <summary>Loads every key, after making the suite's own where this is the first start.</summary>
    /// <exception cref="SettingsException">The database's keys are wrapped under another master key, or one of them is not what its record says: nothing is added to them.</exception>
    public async Task Load(CancellationToken cancel)
    {
        try
        {
            await Refresh(cancel);
        }
        catch (KeyCheckException wrong)
        {
            throw new SettingsException([$"{wrong.Message} The table vault_keys was changed: restore it from a backup"]);
        }
        catch (CryptographicException)
        {
            throw new SettingsException(["Vault:MasterKeyFile holds another master key than the one that this database's keys are wrapped under. Give the service the master key that belongs to this database, or to the backup it was restored from"]);
        }
        var now = clock.GetUtcNow();
        await using (var work = await Work.Begin(database, cancel))
        {
            foreach (var purpose in _ofTheSuite)
            {
                await Add(work, hsm.NewKey(purpose, Guid.CreateVersion7(now), version: 1), programId: null, now);
            }
            await work.Commit();
        }
        await Refresh(cancel);
        _loaded.TrySetResult();
    }

    /// <summary>The card's number.</summary>
    public async Task<Pan> PanOf(VaultCard card, CancellationToken cancel)
    {
        await Know(card.KeyVersion, cancel);
        return hsm.DecryptPan(card.CardId, card.EncryptedPan);
    }

    /// <summary>Makes sure of a data key that another replica may have made since.</summary>
    public Task Know(int version, CancellationToken cancel) => hsm.Has(KeyPurpose.PanEncryption, version) ? Task.CompletedTask : Refresh(cancel);

    /// <summary>Makes a data key that opens at every replica before any of them writes under it. Of two replicas the first wins.</summary>
    public async Task Announce(Work work, int version)
    {
        var now = clock.GetUtcNow();
        var key = hsm.NewKey(KeyPurpose.PanEncryption, Guid.CreateVersion7(now), version);
        if (await Add(work, key, programId: null, now) == 1)
        {
            await work.Change("update vault_keys set ahead = true where id = @Id", new { key.Id });
        }
    }

    /// <summary>The programme's pair of card verification keys, made on first use.</summary>
    public async ValueTask<CardVerificationKey> VerificationKeyOf(Guid programId, CancellationToken cancel) =>
        new(await KeyOf(programId, KeyPurpose.CardVerification, cancel), _expiryOrders[programId]);

    /// <summary>The programme's pair of PIN verification keys, made on first use.</summary>
    public ValueTask<Guid> PinKeyOf(Guid programId, CancellationToken cancel) => KeyOf(programId, KeyPurpose.PinVerification, cancel);

    /// <summary>Whether a key is one of the processor's zone keys; one that another replica has made since is read.</summary>
    public async ValueTask<bool> IsZoneKeyOf(string processor, Guid keyId, CancellationToken cancel)
    {
        if (!_processors.ContainsKey(keyId))
        {
            await Refresh(cancel);
        }
        return _processors.TryGetValue(keyId, out var owner) && owner == processor;
    }

    /// <summary>Makes a zone key for a processor. Nothing can use it before <see cref="Refresh"/>.</summary>
    public async Task<WrappedKey> AddZoneKey(Work work, string processor, KeyPurpose purpose)
    {
        var now = clock.GetUtcNow();
        var key = hsm.NewKey(purpose, Guid.CreateVersion7(now), version: 1);
        await Add(work, key, programId: null, now, processor);
        return key;
    }

    private async ValueTask<Guid> KeyOf(Guid programId, KeyPurpose purpose, CancellationToken cancel)
    {
        if (_ofProgrammes.TryGetValue((programId, purpose), out var known))
        {
            return known;
        }
        var now = clock.GetUtcNow();
        await using (var work = await Work.Begin(database, cancel))
        {
            await Add(work, hsm.NewKey(purpose, Guid.CreateVersion7(now), version: 1), programId, now);
            await work.Commit();
        }
        await Refresh(cancel);
        return _ofProgrammes[(programId, purpose)];
    }

    /// <summary>Loads what other replicas have made since.</summary>
    /// <returns>The highest version of the data key that opens here.</returns>
    public async Task<int> Refresh(CancellationToken cancel)
    {
        var rows = await database.Many<KeyRow>(
            """
            select k.id, k.purpose, k.version, k.programme_id, p.cvv_expiry_order, k.processor, k.wrapped, k.check_value, k.ahead
            from vault_keys k
            left join programmes p on p.id = k.programme_id
            order by k.created_at, k.id
            """,
            null,
            cancel);
        hsm.Load(rows.Where(row => !row.Ahead).Select(row => row.Key));
        hsm.LoadAhead(rows.Where(row => row.Ahead).Select(row => row.Key));
        foreach (var row in rows)
        {
            if (row.ProgrammeId is { } programId)
            {
                _expiryOrders[programId] = Enum.Parse<CvvExpiryOrder>(row.CvvExpiryOrder!) == CvvExpiryOrder.MMYY ? ExpiryOrder.MonthYear : ExpiryOrder.YearMonth;
                _ofProgrammes[(programId, row.Key.Purpose)] = row.Id;
            }
            if (row.Processor is { } processor)
            {
                _processors[row.Id] = processor;
            }
        }
        return rows.Where(row => row.Purpose == nameof(KeyPurpose.PanEncryption)).Select(row => row.Version).DefaultIfEmpty().Max();
    }

    /// <summary>The first of two replicas wins; the other reads the winner's key.</summary>
    private static Task<int> Add(Work work, WrappedKey key, Guid? programId, DateTimeOffset now, string? processor = null) =>
        work.Change(
            """
            insert into vault_keys (id, purpose, version, programme_id, processor, wrapped, check_value, created_at)
            values (@Id, @purpose, @Version, @programId, @processor, @Wrapped, @CheckValue, @now)
            on conflict do nothing
            """,
            new { key.Id, purpose = key.Purpose.ToString(), key.Version, programId, processor, key.Wrapped, key.CheckValue, now });

    private sealed record KeyRow
    {
        public required Guid Id { get; init; }
        public required string Purpose { get; init; }
        public required int Version { get; init; }
        public Guid? ProgrammeId { get; init; }
        public string? CvvExpiryOrder { get; init; }
        public string? Processor { get; init; }
        public required byte[] Wrapped { get; init; }
        public string? CheckValue { get; init; }
        public required bool Ahead { get; init; }

        public WrappedKey Key => new(Id, Enum.Parse<KeyPurpose>(Purpose), Version, Wrapped, CheckValue);
    }
}

/// <param name="Id">The pair of keys.</param>
/// <param name="Order">How the expiry goes in.</param>
internal readonly record struct CardVerificationKey(Guid Id, ExpiryOrder Order);

/// <summary>Nothing is served before every primitive has proved itself and the keys are loaded.</summary>
internal sealed class OpenVault(VaultKeys keys) : IHostedService
{
    public static IReadOnlyList<string> Passed { get; } = KnownAnswers.Run();

    public Task StartAsync(CancellationToken cancellationToken) => keys.Load(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
