using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public sealed class AllocateStockPansTests(Suite suite) : IClassFixture<Suite>
{
    private readonly Api _cardService = suite.Neighbour("cardservice", "datacore");
    private readonly NpgsqlDataSource _vault = suite.Database("datacore");

    [Fact]
    public async Task Cards_get_the_next_numbers_in_the_order_of_their_ids_and_keep_them()
    {
        var (partner, program) = await suite.NewPartner();
        var ids = Ids(50);

        var first = (await Allocate(partner, program, ids)).Must(200);
        var again = (await Allocate(partner, program, ids)).Must(200);
        var reversed = (await Allocate(partner, program, [.. ids.Reverse()])).Must(200);

        Assert.Equal(first.Text, again.Text);
        Assert.Equal(Numbers(first), Numbers(reversed).Reverse());
        foreach (var (place, id) in ids.Index())
        {
            Assert.Equal(await _vault.Scalar<string>("select masked_pan from vault_cards where card_id = $1", id), Numbers(first)[place]);
        }
        Assert.Equal(50, await _vault.Scalar<long>("select count(distinct pan_hmac) from vault_cards where partner_id = $1", partner));
        Assert.Equal(50, await _vault.Scalar<long>("select next_index from bin_ranges where partner_id = $1", partner));
    }

    [Fact]
    public async Task A_card_of_the_stock_and_a_card_of_a_user_never_share_a_number()
    {
        var (partner, program) = await suite.NewPartner();

        (await Allocate(partner, program, Ids(3))).Must(200);
        (await _cardService.Post("/internal/vault/cards", new { cardId = Guid.CreateVersion7(), partnerId = partner, programId = program, expiry = "2029-11-30", binding = "x" })).Must(200);
        (await Allocate(partner, program, Ids(3))).Must(200);

        Assert.Equal(7, await _vault.Scalar<long>("select count(distinct pan_hmac) from vault_cards where partner_id = $1", partner));
    }

    [Fact]
    public async Task The_same_cards_at_once_get_one_number_each()
    {
        var (partner, program) = await suite.NewPartner();
        var ids = Ids(20);

        var answers = await Races.AtOnce(
            _vault, $"select from bin_ranges where partner_id = '{partner}' for update", waiters: 2, () => Allocate(partner, program, ids), () => Allocate(partner, program, ids));

        Assert.Equal(answers[0].Must(200).Text, answers[1].Must(200).Text);
        Assert.Equal(20, await _vault.Scalar<long>("select count(*) from vault_cards where partner_id = $1", partner));
        Assert.Equal(20, await _vault.Scalar<long>("select next_index from bin_ranges where partner_id = $1", partner));
    }

    [Fact]
    public async Task A_range_with_fewer_numbers_left_gives_none()
    {
        var (partner, program) = await suite.NewPartner();
        await using (var full = _vault.CreateCommand("update bin_ranges set next_index = size - 2 where partner_id = $1"))
        {
            full.Parameters.AddWithValue(partner);
            await full.ExecuteNonQueryAsync();
        }

        (await Allocate(partner, program, Ids(3))).MustRefuse(409, "BIN_RANGE_FULL");

        Assert.Equal(0, await _vault.Scalar<long>("select count(*) from vault_cards where partner_id = $1", partner));
        (await Allocate(partner, program, Ids(2))).Must(200);
    }

    [Fact]
    public async Task Another_partners_programme_is_not_there()
    {
        var (partner, _) = await suite.NewPartner();
        var (_, others) = await suite.NewPartner();

        (await Allocate(partner, others, Ids(1))).MustRefuse(404, "PROGRAM_NOT_FOUND");
    }

    [Fact]
    public async Task Too_many_none_and_one_twice_are_refused()
    {
        var (partner, program) = await suite.NewPartner();
        var twice = Ids(1);

        foreach (var ids in new[] { Ids(1_001), [], [twice[0], twice[0]] })
        {
            (await Allocate(partner, program, ids)).MustRefuse(422, "VALIDATION_FAILED");
        }
    }

    [Fact]
    public async Task A_record_for_plastic_has_values_of_its_own_for_stripe_chip_and_back_and_is_its_partners_alone()
    {
        var (partner, program) = await suite.NewPartner();
        var (stranger, _) = await suite.NewPartner();
        var ids = Ids(2);
        (await Allocate(partner, program, ids)).Must(200);

        var printed = (await Personalise(partner, ids[0], printed: true)).Must(200);
        var bare = (await Personalise(partner, ids[0], printed: false)).Must(200);
        (await Personalise(stranger, ids[0], printed: true)).MustRefuse(404, "CARD_NOT_FOUND");

        Assert.Equal(System.Text.Json.JsonValueKind.Null, bare["cvv2"].ValueKind);
        var secrets = await Resolve(ids[0], printed, "cardNo", "cvv1", "icvv", "cvv2");
        Assert.Equal(["cardNo", "cvv1", "icvv", "cvv"], secrets.Select(secret => secret.Kind));
        Assert.Equal(secrets.Take(3), await Resolve(ids[0], bare, "cardNo", "cvv1", "icvv"));
        // Three digits may meet by chance, but not for one card after another.
        var next = await Resolve(ids[1], (await Personalise(partner, ids[1], printed: true)).Must(200), "cardNo", "cvv1", "icvv", "cvv2");
        Assert.True(Differ(secrets) || Differ(next));
        Assert.NotEqual(secrets[0].Value, next[0].Value);
    }

    [Fact]
    public async Task A_processors_programmes_are_those_that_name_it()
    {
        var name = Guid.CreateVersion7().ToString("N");
        var (_, one) = await suite.NewPartner(processor: name);
        var (_, other) = await suite.NewPartner(processor: name);
        await suite.NewPartner(processor: name + "x");

        var served = (await _cardService.Get($"/internal/programmes?processor={name}")).Must(200)["programs"].EnumerateArray().Select(id => id.GetGuid());

        Assert.Equal(new[] { one, other }.Order(), served.Order());
    }

    private static bool Differ((string Kind, string Value)[] secrets) => secrets.Select(secret => secret.Value).Distinct().Count() == secrets.Length;

    private Task<Answer> Personalise(Guid partner, Guid cardId, bool printed) =>
        _cardService.Post("/internal/vault/cards/personalisation", new { cardId, partnerId = partner, binding = "bureau", printed });

    private async Task<(string Kind, string Value)[]> Resolve(Guid cardId, Answer record, params string[] fields)
    {
        var resolved = await suite.Neighbour("gateway", "datacore").Post("/internal/vault/resolve", new { binding = "bureau", cardId, references = fields.Select(field => record[field]) });
        return [.. resolved.Must(200)["secrets"].EnumerateArray().Select(secret => (secret.GetProperty("kind").GetString()!, secret.GetProperty("value").GetString()!))];
    }

    private Task<Answer> Allocate(Guid partner, Guid program, Guid[] ids) =>
        _cardService.Post("/internal/vault/stock", new { partnerId = partner, programId = program, expiry = "2029-11-30", cardIds = ids });

    private static Guid[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7())];

    private static string[] Numbers(Answer allocated) => [.. allocated["maskedCardNos"].EnumerateArray().Select(number => number.GetString()!)];
}
