using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public sealed class AllocateCardPanTests(Suite suite) : IClassFixture<Suite>
{
    private readonly Api _cardService = suite.Neighbour("cardservice", "datacore");

    [Fact]
    public async Task A_card_keeps_its_number_however_often_it_is_asked_for()
    {
        var card = Allocation(Guid.CreateVersion7());

        var first = (await _cardService.Post("/internal/vault/cards", card)).Must(200);
        var again = (await _cardService.Post("/internal/vault/cards", card)).Must(200);

        Assert.Equal(first["maskedCardNo"].GetString(), again["maskedCardNo"].GetString());
        Assert.Matches(@"^510510\*{6}[0-9]{4}$", first["maskedCardNo"].GetString());
        Assert.NotEqual(first["cardNo"].GetProperty("vault").GetString(), again["cardNo"].GetProperty("vault").GetString());
    }

    [Fact]
    public async Task Two_allocations_for_one_card_at_once_give_one_number()
    {
        var card = Allocation(Guid.CreateVersion7());

        var answers = await Races.AtOnce(
            suite.Database("datacore"),
            "select id from bin_ranges for update",
            waiters: 2,
            () => _cardService.Post("/internal/vault/cards", card),
            () => _cardService.Post("/internal/vault/cards", card));

        Assert.Equal(answers[0].Must(200)["maskedCardNo"].GetString(), answers[1].Must(200)["maskedCardNo"].GetString());
        Assert.Equal(1L, await Count("select count(*) from vault_cards where card_id = $1", card["cardId"]!));
    }

    [Fact]
    public async Task A_full_range_says_so_and_gives_no_number_twice()
    {
        var (partner, program) = await suite.NewPartner();
        await Run("update bin_ranges set next_index = size - 2 where partner_id = $1", partner);
        var numbers = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            numbers.Add((await _cardService.Post("/internal/vault/cards", Allocation(Guid.CreateVersion7(), partner, program))).Must(200)["maskedCardNo"].GetString()!);
        }

        (await _cardService.Post("/internal/vault/cards", Allocation(Guid.CreateVersion7(), partner, program))).MustRefuse(409, "BIN_RANGE_FULL");

        Assert.Equal(2, numbers.Distinct().Count());
    }

    [Fact]
    public async Task Ranges_that_share_a_number_are_refused_by_the_database()
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => Run(
            """
            insert into bin_ranges (id, partner_id, range, first_account, size, created_at)
            values (gen_random_uuid(), $1, '51051012:3456700-3456799', 510510123456700, 100, now())
            """,
            TestUsers.SandboxPartner));

        Assert.Equal("no_overlap", refused.ConstraintName);
    }

    [Fact]
    public async Task Another_partners_card_and_programme_are_not_there()
    {
        var (partner, program) = await suite.NewPartner();
        var mine = Allocation(Guid.CreateVersion7());
        (await _cardService.Post("/internal/vault/cards", mine)).Must(200);

        (await _cardService.Post("/internal/vault/cards/reveal", new { cardId = mine["cardId"], partnerId = partner, binding = "test" })).MustRefuse(404, "CARD_NOT_FOUND");
        (await _cardService.Post("/internal/vault/cards", Allocation(Guid.CreateVersion7(), TestUsers.SandboxPartner, program))).MustRefuse(404, "PROGRAM_NOT_FOUND");
    }

    [Fact]
    public async Task The_number_is_in_the_database_only_as_ciphertext()
    {
        var card = Allocation(Guid.CreateVersion7());
        var allocated = (await _cardService.Post("/internal/vault/cards", card)).Must(200);
        var resolved = (await suite.Neighbour("gateway", "datacore").Post(
            "/internal/vault/resolve", new { binding = "test", cardId = card["cardId"], references = new[] { new { vault = allocated["cardNo"].GetProperty("vault").GetString() } } })).Must(200);
        var number = resolved["secrets"][0].GetProperty("value").GetString()!;

        await using var row = suite.Database("datacore").CreateCommand("select c::text || encode(pan, 'escape') from vault_cards c where card_id = $1");
        row.Parameters.Add(new NpgsqlParameter { Value = card["cardId"] });
        var text = (string)(await row.ExecuteScalarAsync())!;

        Assert.Equal(16, number.Length);
        Assert.Contains(number[^4..], text, StringComparison.Ordinal);
        Assert.DoesNotContain(number, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexStringLower(System.Text.Encoding.ASCII.GetBytes(number)), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_else_reaches_the_vault()
    {
        foreach (var neighbour in new[] { "gateway", "balanceservice", "kycservice", "notifications" })
        {
            (await suite.Neighbour(neighbour, "datacore").Post("/internal/vault/cards", Allocation(Guid.CreateVersion7()))).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
        }
    }

    private static Dictionary<string, object> Allocation(Guid cardId, Guid? partnerId = null, Guid? programId = null) => new()
    {
        ["cardId"] = cardId,
        ["partnerId"] = partnerId ?? TestUsers.SandboxPartner,
        ["programId"] = programId ?? TestUsers.SandboxProgram,
        ["expiry"] = "2029-11-30",
        ["binding"] = "test",
    };

    private async Task<object?> Count(string sql, object parameter)
    {
        await using var command = suite.Database("datacore").CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        return await command.ExecuteScalarAsync();
    }

    private async Task Run(string sql, object parameter)
    {
        await using var command = suite.Database("datacore").CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        await command.ExecuteNonQueryAsync();
    }
}
