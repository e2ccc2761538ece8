using Antaca.CardService.Tests.Authorisations;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Secrets;

public sealed class ResetCvvTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task The_app_sees_another_CVV_and_the_old_one_is_declined()
    {
        var (user, issued) = await NewCard();
        var (cardNo, old) = await suite.Open(user.Caller, issued);

        var reset = (await Reset(user.App, issued.Id, await suite.Approve(user.App, issued.Id))).Must(200);
        var (sameCardNo, cvv) = await suite.Open(user.App, reset);

        Assert.Equal(cardNo, sameCardNo);
        Assert.NotEqual(old, cvv);
        Assert.Equal(issued["exp"].GetString(), reset["exp"].GetString());
        Assert.Equal(("Declined", "1022", "WRONG_CVV"), Decision(await Pay(cardNo, issued, old)));
        Assert.Equal("Approved", Decision(await Pay(cardNo, issued, cvv)).Item1);
        await Eventually.Holds(
            async () => (await suite.EventsOf(user.PartnerId)).Count(happened =>
                happened.GetProperty("type").GetString() == "card.cvvReset" && happened.GetProperty("data").GetProperty("cardId").GetGuid() == issued.Id) == 1,
            "the partner to hear of it");
    }

    [Fact]
    public async Task An_operator_resets_it_and_sees_none()
    {
        var (user, issued) = await NewCard();
        var (cardNo, old) = await suite.Open(user.Caller, issued);

        var reset = (await Reset(TestUsers.Operator(Role.Employee), issued.Id)).Must(200);

        Assert.DoesNotContain(reset.Json.EnumerateObject(), field => field.Name is "cvv" or "cardNo");
        Assert.Equal("WRONG_CVV", Decision(await Pay(cardNo, issued, old)).Item3);
    }

    [Fact]
    public async Task The_same_request_again_resets_it_once()
    {
        var (user, issued) = await NewCard();
        var key = Guid.CreateVersion7().ToString();

        var first = (await Reset(user.App, issued.Id, await suite.Approve(user.App, issued.Id), key)).Must(200);
        var again = (await Reset(user.App, issued.Id, await suite.Approve(user.App, issued.Id), key)).Must(200);

        Assert.Equal((await suite.Open(user.App, first)).Cvv, (await suite.Open(user.App, again)).Cvv);
        Assert.Equal(1, await suite.Database("datacore").One<long>("select count(*) from vault_cvv_resets where card_id = $1", issued.Id));
    }

    [Fact]
    public async Task Ten_resets_in_a_row_give_each_time_another()
    {
        var (user, issued) = await NewCard();
        var (cardNo, before) = await suite.Open(user.Caller, issued);

        for (var i = 0; i < 10; i++)
        {
            var (_, cvv) = await suite.Open(user.App, (await Reset(user.App, issued.Id, await suite.Approve(user.App, issued.Id))).Must(200));
            Assert.NotEqual(before, cvv);
            Assert.Equal("Approved", Decision(await Pay(cardNo, issued, cvv)).Item1);
            before = cvv;
        }
    }

    [Fact]
    public async Task An_approval_is_for_one_reset_of_one_card()
    {
        var (user, issued) = await NewCard();
        var approval = await suite.Approve(user.App, issued.Id);

        (await Reset(user.App, issued.Id)).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reset(user.App, issued.Id, await suite.Approve(user.App, issued.Id, "card.pin"))).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reset(user.App, issued.Id, await suite.Approve(user.App, Guid.CreateVersion7()))).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reset(user.App, issued.Id, approval)).Must(200);
        (await Reset(user.App, issued.Id, approval)).MustRefuse(403, "APPROVAL_REQUIRED");
    }

    [Fact]
    public async Task A_printed_CVV_stays_and_a_card_that_is_over_gets_none()
    {
        var plastic = await _cards.Put(new CardRow { Type = "Physical", Status = "Inactive" });
        var removed = await _cards.Put(new CardRow { Status = "Removed" });
        var expired = await _cards.Put(new CardRow { Status = "Expired" });
        var somebody = TestUsers.Operator(Role.Admin);

        (await Reset(somebody, plastic.Id)).MustRefuse(409, "CARD_CVV_PRINTED");
        (await Reset(somebody, removed.Id)).MustRefuse(409, "CARD_NOT_ACTIVE");
        (await Reset(somebody, expired.Id)).MustRefuse(409, "CARD_NOT_ACTIVE");
    }

    [Fact]
    public async Task Partners_reset_none_and_others_cards_are_not_there()
    {
        var (user, issued) = await NewCard();
        var other = await suite.NewAcceptedUser();

        (await Reset(user.Caller, issued.Id)).MustRefuse(403, "FORBIDDEN");
        (await Reset(other.App, issued.Id, await suite.Approve(other.App, issued.Id))).MustRefuse(404, "CARD_NOT_FOUND");
    }

    private async Task<(TestUser User, Answer Issued)> NewCard()
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user, 10_000);
        return (user, (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance })).Must(201));
    }

    private Task<Answer> Reset(Caller caller, Guid card, string? approval = null, string? key = null) =>
        suite.As(caller, "cardservice").Send(HttpMethod.Post, $"/cards/{card}/cvv", content: null, key, approval is null ? [] : [("Approval", approval)]);

    private async Task<Answer> Pay(string cardNo, Answer card, string cvv)
    {
        var request = Purchase(cardId: null);
        request["cardNo"] = await suite.Refer(Processor, "cardNo", cardNo);
        request["exp"] = card["exp"].GetString();
        request["cvv"] = await suite.Refer(Processor, "cvv", cvv);
        return (await suite.Authorise(request)).Must(200);
    }
}
