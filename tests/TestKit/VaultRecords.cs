using Antaca.DataCore.Vault;
using Npgsql;
using NpgsqlTypes;

namespace Antaca.TestKit;

/// <summary>
/// The vault's table seen with the vault's own keys: fills it by the thousand, as allocation would, and opens what it holds.
/// </summary>
public sealed class VaultRecords : IDisposable
{
    private const string DevelopmentPrefix = "development:";

    private static readonly DateOnly _expiry = new(2029, 11, 30);

    private readonly NpgsqlDataSource _database;
    private readonly Dictionary<Guid, byte[]> _lookups = [];

    private VaultRecords(NpgsqlDataSource database, Hsm hsm)
    {
        _database = database;
        Hsm = hsm;
    }

    /// <summary>With every key that is in the table now; <see cref="LoadKeys"/> reads those made since.</summary>
    public Hsm Hsm { get; }

    /// <param name="database">DataCore's, as its administrator sees it.</param>
    /// <param name="masterKeyFile">The running service's.</param>
    public static async Task<VaultRecords> Open(NpgsqlDataSource database, string masterKeyFile)
    {
        var text = (await File.ReadAllTextAsync(masterKeyFile)).Trim();
        var records = new VaultRecords(database, new Hsm(Convert.FromBase64String(text.StartsWith(DevelopmentPrefix, StringComparison.Ordinal) ? text[DevelopmentPrefix.Length..] : text)));
        await records.LoadKeys();
        return records;
    }

    public async Task LoadKeys()
    {
        var keys = new List<WrappedKey>();
        await using var command = _database.CreateCommand("select id, purpose, version, wrapped from vault_keys where programme_id is null and not ahead order by version");
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            keys.Add(new WrappedKey(rows.GetGuid(0), Enum.Parse<KeyPurpose>(rows.GetString(1)), rows.GetInt32(2), rows.GetFieldValue<byte[]>(3)));
        }
        Hsm.Load(keys);
    }

    /// <summary>Gives so many cards the next numbers of the programme's range, under the data key in use.</summary>
    public async Task<Guid[]> Fill(Guid programId, int count)
    {
        var (partnerId, range, first) = await TakeNumbers(programId, count);
        var cards = new Guid[count];
        await using var connection = await _database.OpenConnectionAsync();
        await using var copy = await connection.BeginBinaryImportAsync(
            "copy vault_cards (card_id, partner_id, programme_id, key_version, pan, pan_hmac, masked_pan, expiry, created_at) from stdin (format binary)");
        copy.Timeout = TimeSpan.FromMinutes(5);
        for (var i = 0; i < count; i++)
        {
            cards[i] = Guid.CreateVersion7();
            if (!Hsm.TryAllocatePan(range, first + i, out var pan))
            {
                throw new InvalidOperationException("The range is full.");
            }
            var encrypted = Hsm.EncryptPan(cards[i], pan);
            _lookups[cards[i]] = Hsm.Lookup(pan);
            await copy.StartRowAsync();
            await copy.WriteAsync(cards[i]);
            await copy.WriteAsync(partnerId);
            await copy.WriteAsync(programId);
            await copy.WriteAsync(encrypted.KeyVersion);
            await copy.WriteAsync(encrypted.Ciphertext);
            await copy.WriteAsync(_lookups[cards[i]]);
            await copy.WriteAsync(pan.ToString());
            await copy.WriteAsync(_expiry, NpgsqlDbType.Date);
            await copy.WriteAsync(TimeProvider.System.GetUtcNow());
        }
        await copy.CompleteAsync();
        return cards;
    }

    /// <summary>How many of the cards that were filled in open under this version, and to the number they were given.</summary>
    public async Task<int> CountRight(int version)
    {
        var right = 0;
        await using var command = _database.CreateCommand("select card_id, pan from vault_cards where key_version = $1 and pan is not null");
        command.Parameters.Add(new() { Value = version });
        command.CommandTimeout = 0;
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            if (_lookups.TryGetValue(rows.GetGuid(0), out var lookup)
                && Hsm.Lookup(Hsm.DecryptPan(rows.GetGuid(0), new EncryptedPan(version, rows.GetFieldValue<byte[]>(1)))).AsSpan().SequenceEqual(lookup))
            {
                right++;
            }
        }
        return right;
    }

    /// <summary>Whether this is the number that a card was filled in with.</summary>
    public bool IsNumberOf(Guid cardId, string digits) => Hsm.Lookup(Pan.Parse(digits)).AsSpan().SequenceEqual(_lookups[cardId]);

    public void Dispose() => Hsm.Dispose();

    private async Task<(Guid PartnerId, PanRange Range, long First)> TakeNumbers(Guid programId, int count)
    {
        await using var take = _database.CreateCommand(
            """
            update bin_ranges r
            set next_index = r.next_index + $2
            from programmes p
            where p.id = $1 and r.id = p.bin_range_id
            returning p.partner_id, r.range, r.next_index - $2
            """);
        take.Parameters.Add(new() { Value = programId });
        take.Parameters.Add(new() { Value = (long)count });
        await using var row = await take.ExecuteReaderAsync();
        return await row.ReadAsync() && PanRange.TryParse(row.GetString(1), out var range)
            ? (row.GetGuid(0), range, row.GetInt64(2))
            : throw new InvalidOperationException("There is no such programme.");
    }
}
