using System.Text.Json;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Viewing;

public sealed class GetCardFactsTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Theory]
    [InlineData("Ordered", null, "1018 CARD_NOT_ACTIVATED")]
    [InlineData("Active", null, null)]
    [InlineData("Locked", (short)2, "2009 CARD_STOLEN")]
    [InlineData("Removed", null, "1011 CARD_REMOVED")]
    public async Task A_card_in_any_state_says_whose_it_is_and_why_it_says_no(string status, short? lockCode, string? decline)
    {
        var card = await _cards.Put(new CardRow { Status = status, LockCode = lockCode });

        var facts = (await Ask(card.Id)).Must(200);

        Assert.Equal(
            (card.Id, card.PartnerId, card.UserId, card.BalanceId, card.ProgramId),
            (facts["id"].GetGuid(), facts["partnerId"].GetGuid(), facts["userId"].GetGuid(), facts["balanceId"].GetGuid(), facts["programId"].GetGuid()));
        Assert.Equal(decline, facts["decline"] is { ValueKind: JsonValueKind.Object } said ? $"{said.GetProperty("actionCode").GetString()} {said.GetProperty("reason").GetString()}" : null);
    }

    [Fact]
    public async Task A_card_that_is_not_there_or_has_no_number_yet_says_nothing()
    {
        var unfinished = await _cards.Put(new CardRow { Status = "Issuing" }, claimedUntil: suite.Clock.GetUtcNow().AddDays(1));

        (await Ask(Guid.CreateVersion7())).MustRefuse(404, "CARD_NOT_FOUND");
        (await Ask(unfinished.Id)).MustRefuse(404, "CARD_NOT_FOUND");
    }

    [Fact]
    public async Task A_processor_is_told_of_cards_that_it_serves_alone()
    {
        var (partner, program) = await suite.NewPartner(processor: "another");
        var (ours, others) = (await _cards.Put(new CardRow()), await _cards.Put(new CardRow { PartnerId = partner, ProgramId = program }));

        Assert.Equal(ours.Id, (await Ask(ours.Id, "?processor=sandbox")).Must(200).Id);
        Assert.Equal(others.Id, (await Ask(others.Id, "?processor=another")).Must(200).Id);
        (await Ask(ours.Id, "?processor=another")).MustRefuse(404, "CARD_NOT_FOUND");
        (await Ask(others.Id, "?processor=sandbox")).MustRefuse(404, "CARD_NOT_FOUND");
        (await Ask(ours.Id, "?processor=")).MustRefuse(404, "CARD_NOT_FOUND");
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("kycservice")]
    [InlineData("datacore")]
    public async Task Nobody_but_the_balance_service_may_ask(string neighbour)
    {
        var card = await _cards.Put(new CardRow());

        (await suite.Neighbour(neighbour, "cardservice").Get($"/internal/cards/{card.Id}")).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
    }

    private Task<Answer> Ask(Guid cardId, string query = "") => suite.Neighbour("balanceservice", "cardservice").Get($"/internal/cards/{cardId}{query}");
}
