using Antaca.DataCore.Vault;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

/// <summary>A suite that does not look for new keys by itself; who makes one here tells nobody.</summary>
public sealed class DeafSuite : Suite
{
    public DeafSuite() => Settings["datacore"] = ["--Rotation:PollSeconds=3600"];
}

public sealed class DeafReplicaTests(DeafSuite suite) : IClassFixture<DeafSuite>
{
    private readonly NpgsqlDataSource _rows = suite.Database("datacore");
    private readonly Api _cardService = suite.Neighbour("cardservice", "datacore");

    [Fact]
    public async Task A_record_under_a_key_that_a_replica_has_not_heard_of_is_revealed()
    {
        var (partner, program) = await suite.NewPartner();
        using var records = await VaultRecords.Open(_rows, suite.Certificates.MasterKey);
        var cards = await records.Fill(program, 2);
        await Reveal(partner, cards[0], records);

        await AddKey(records);
        await Reencrypt(records, cards[1]);

        await Reveal(partner, cards[1], records);
        await Reveal(partner, cards[0], records);
    }

    [Fact]
    public async Task A_replica_that_has_not_heard_that_its_key_is_retired_issues_cards_under_the_next()
    {
        var (partner, program) = await suite.NewPartner();
        var card = await Issue(partner, program);
        using var records = await VaultRecords.Open(_rows, suite.Certificates.MasterKey);
        var former = await _rows.Scalar<int>("select key_version from vault_cards where card_id = $1", card);
        await AddKey(records);
        await using (var all = _rows.CreateCommand("select card_id from vault_cards where key_version = $1"))
        {
            all.Parameters.Add(new() { Value = former });
            await using var found = await all.ExecuteReaderAsync();
            while (await found.ReadAsync())
            {
                await Reencrypt(records, found.GetGuid(0));
            }
        }
        await _rows.Run("update vault_keys set retired_at = now() where purpose = 'PanEncryption' and version = $1", former);

        var next = await Issue(partner, program);

        Assert.True(await _rows.Scalar<int>("select key_version from vault_cards where card_id = $1", next) > former);
    }

    /// <summary>As another replica would, but nobody is told.</summary>
    private async Task AddKey(VaultRecords records)
    {
        var version = await _rows.Scalar<int>("select max(version) + 1 from vault_keys where purpose = 'PanEncryption'");
        var key = records.Hsm.NewKey(KeyPurpose.PanEncryption, Guid.CreateVersion7(), version);
        await _rows.Run(
            "insert into vault_keys (id, purpose, version, wrapped, created_at) values ($1, 'PanEncryption', $2, $3, now())", key.Id, version, key.Wrapped);
        await records.LoadKeys();
    }

    private async Task Reencrypt(VaultRecords records, Guid cardId)
    {
        await using var read = _rows.CreateCommand("select key_version, pan from vault_cards where card_id = $1");
        read.Parameters.Add(new() { Value = cardId });
        EncryptedPan before;
        await using (var row = await read.ExecuteReaderAsync())
        {
            await row.ReadAsync();
            before = new EncryptedPan(row.GetInt32(0), row.GetFieldValue<byte[]>(1));
        }
        var after = records.Hsm.EncryptPan(cardId, records.Hsm.DecryptPan(cardId, before));
        await _rows.Run("update vault_cards set key_version = $2, pan = $3 where card_id = $1", cardId, after.KeyVersion, after.Ciphertext);
    }

    private async Task Reveal(Guid partner, Guid cardId, VaultRecords records)
    {
        var references = (await _cardService.Post("/internal/vault/cards/reveal", new { cardId, partnerId = partner, binding = "test" })).Must(200);
        Assert.True(records.IsNumberOf(cardId, await suite.Neighbour("gateway", "datacore").Resolve(references, cardId)));
    }

    private async Task<Guid> Issue(Guid partner, Guid program)
    {
        var card = RotationSuite.Allocation(partner, program);
        (await _cardService.Post("/internal/vault/cards", card)).Must(200);
        return (Guid)card["cardId"];
    }
}
