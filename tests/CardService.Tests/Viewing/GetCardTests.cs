using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.CardService.Tests.Viewing;

public sealed class GetCardTests(Suite suite) : IClassFixture<Suite>
{
    private readonly NpgsqlDataSource _cards = suite.Database("cards");

    [Fact]
    public async Task The_full_data_has_the_number_and_the_CVV_behind_references_of_the_callers_own()
    {
        var user = await suite.NewAcceptedUser();
        var issued = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = await suite.NewBalance(user) })).Must(201);
        var secrets = await suite.Open(user.Caller, issued);

        var full = (await suite.As(user.Caller, "cardservice").Get($"/cards/{issued.Id}")).Must(200);

        Assert.Equal(["id", "type", "cvv", "cardNo", "exp"], full.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal(issued["exp"].GetString(), full["exp"].GetString());
        Assert.Equal("Virtual", full["type"].GetString());
        Assert.DoesNotContain(secrets.CardNo, full.Text, StringComparison.Ordinal);
        (await suite.Resolve(user.Caller with { Channel = Channel.Customers }, full)).MustRefuse(409, "REFERENCE_INVALID");
        Assert.Equal(secrets, await suite.Open(user.Caller, full));
        (await suite.Resolve(user.Caller, full)).MustRefuse(409, "REFERENCE_INVALID");
    }

    [Fact]
    public async Task A_summary_has_everything_but_the_secrets()
    {
        var user = await suite.NewAcceptedUser();
        var balance = await suite.NewBalance(user);
        var issued = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance, cardholderName = "Zoë Żółkiewska-O'Neill" })).Must(201);
        var (cardNo, _) = await suite.Open(user.Caller, issued);

        var card = (await suite.As(user.Caller, "cardservice").Get($"/cards/{issued.Id}/summary")).Must(200);

        Assert.Equal(
            ["id", "type", "status", "maskedCardNo", "exp", "cardholderName", "balanceId", "activationDate", "lock", "pin", "replacedBy", "createdAt"],
            card.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal("Virtual", card["type"].GetString());
        Assert.Equal("Active", card["status"].GetString());
        Assert.Equal($"{cardNo[..6]}******{cardNo[^4..]}", card["maskedCardNo"].GetString());
        Assert.Equal(issued["exp"].GetString(), card["exp"].GetString());
        Assert.Equal(balance, card["balanceId"].GetGuid());
        Assert.Equal("Zoë Żółkiewska-O'Neill", card["cardholderName"].GetString());
        Assert.Equal(DateOnly.FromDateTime(suite.Clock.GetUtcNow().UtcDateTime), DateOnly.Parse(card["activationDate"].GetString()!, null));
        Assert.Equal("""{"set":false,"triesLeft":0}""", card["pin"].GetRawText());
    }

    [Fact]
    public async Task Anothers_card_is_not_there()
    {
        var card = await _cards.Put(new CardRow());

        foreach (var path in new[] { $"/cards/{card.Id}", $"/cards/{card.Id}/summary" })
        {
            (await suite.As(card.Partner with { UserId = Guid.CreateVersion7() }, "cardservice").Get(path)).MustRefuse(404, "CARD_NOT_FOUND");
            (await suite.As(card.Partner with { PartnerId = Guid.CreateVersion7() }, "cardservice").Get(path)).MustRefuse(404, "CARD_NOT_FOUND");
            (await suite.As(card.User with { UserId = Guid.CreateVersion7() }, "cardservice").Get(path)).MustRefuse(404, "CARD_NOT_FOUND");
            (await suite.As(card.User with { PartnerId = Guid.CreateVersion7() }, "cardservice").Get(path)).MustRefuse(404, "CARD_NOT_FOUND");
        }
    }

    [Fact]
    public async Task The_app_sees_the_full_data_once_for_each_approval()
    {
        var (user, card, secrets) = await NewCard();
        var approval = await suite.Approve(user.App, card);

        var full = (await Reveal(user.App, card, approval)).Must(200);

        Assert.Equal(["id", "type", "cvv", "cardNo", "exp"], full.Json.EnumerateObject().Select(field => field.Name));
        (await suite.Resolve(user.Caller, full)).MustRefuse(409, "REFERENCE_INVALID");
        Assert.Equal(secrets, await suite.Open(user.App, full));
        (await Reveal(user.App, card, approval)).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reveal(user.App, card, await suite.Approve(user.App, card))).Must(200);
    }

    [Fact]
    public async Task The_app_sees_no_full_data_without_an_approval_of_its_own_for_this_card()
    {
        var (user, card, _) = await NewCard();
        var (other, othersCard, _) = await NewCard();
        var another = user.App with { InstallationId = Guid.CreateVersion7(), SessionId = Guid.CreateVersion7() };
        var expired = await suite.Approve(user.App, card);
        suite.Clock.Advance(TimeSpan.FromMinutes(1));
        string?[] approvals =
        [
            null, "", "nonsense", expired, await suite.Approve(user.App, othersCard), await suite.Approve(user.App, card, "card.pin"), await suite.Approve(another, card),
        ];

        foreach (var approval in approvals)
        {
            (await Reveal(user.App, card, approval)).MustRefuse(403, "APPROVAL_REQUIRED");
        }
        (await Reveal(user.App with { InstallationId = null }, card, await suite.Approve(user.App, card))).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reveal(other.App, card, await suite.Approve(other.App, card))).MustRefuse(404, "CARD_NOT_FOUND");
    }

    [Fact]
    public async Task A_partner_needs_no_approval_and_uses_none_up()
    {
        var (user, card, _) = await NewCard();
        var approval = await suite.Approve(user.App, card);

        (await Reveal(user.Caller, card, approval)).Must(200);
        (await Reveal(user.App, card, approval)).Must(200);
    }

    [Fact]
    public async Task One_approval_twice_at_once_is_one_look()
    {
        var (user, card, _) = await NewCard();
        var approval = await suite.Approve(user.App, card);

        var answers = await Races.AtOnce(
            suite.Database("datacore"),
            $"select from approvals where card_id = '{card}' for update",
            2,
            () => Reveal(user.App, card, approval),
            () => Reveal(user.App, card, approval));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Code == "APPROVAL_REQUIRED");
    }

    [Fact]
    public async Task The_full_data_is_for_no_operator_and_for_nobody_without_a_session()
    {
        var card = await _cards.Put(new CardRow());

        foreach (var caller in TestCallers.NotAdmitted(card.UserId, Role.Employee, Role.Manager, Role.Admin))
        {
            (await suite.As(caller, "cardservice").Get($"/cards/{card.Id}")).MustRefuse(403, "FORBIDDEN");
        }
    }

    [Theory]
    [InlineData(Role.Employee)]
    [InlineData(Role.Manager)]
    [InlineData(Role.Admin)]
    public async Task Every_operator_sees_the_summary_of_any_partners_card_and_whose_it_is(Role role)
    {
        var card = await _cards.Put(new CardRow());

        var seen = (await suite.As(TestUsers.Operator(role), "cardservice").Get($"/cards/{card.Id}/summary")).Must(200);

        var owners = (await suite.As(card.User, "cardservice").Get($"/cards/{card.Id}/summary")).Must(200);
        Assert.Equal(owners.Text, (await suite.As(card.Partner, "cardservice").Get($"/cards/{card.Id}/summary")).Must(200).Text);
        Assert.Equal(owners.Text[..^1] + $",\"customerId\":\"{card.UserId}\"}}", seen.Text);
        (await suite.As(TestUsers.Operator(role), "cardservice").Get($"/cards/{Guid.CreateVersion7()}/summary")).MustRefuse(404, "CARD_NOT_FOUND");
    }

    [Theory]
    [InlineData("Issuing")]
    [InlineData("Ordered")]
    public async Task A_card_that_its_user_may_not_see_yet_is_not_there(string status)
    {
        var card = await _cards.Put(new CardRow { Status = status }, claimedUntil: status == "Issuing" ? DateTimeOffset.UtcNow.AddDays(1) : null);
        var cards = suite.As(card.Partner, "cardservice");

        (await cards.Get($"/cards/{card.Id}")).MustRefuse(404, "CARD_NOT_FOUND");
        (await cards.Get($"/cards/{card.Id}/summary")).MustRefuse(404, "CARD_NOT_FOUND");
        Assert.Equal(0, (await cards.Get("/cards")).Must(200)["items"].GetArrayLength());
        var onBalance = await suite.Neighbour("balanceservice", "cardservice").Get($"/internal/balances/{card.BalanceId}/cards?partnerId={card.PartnerId}&userId={card.UserId}");
        Assert.Equal(0, onBalance.Must(200)["items"].GetArrayLength());
    }

    private Task<Answer> Reveal(Caller caller, Guid cardId, string? approval) => suite.As(caller, "cardservice")
        .Send(HttpMethod.Get, $"/cards/{cardId}", content: null, key: null, approval is null ? [] : [("Approval", approval)]);

    private async Task<(TestUser User, Guid CardId, (string CardNo, string Cvv) Secrets)> NewCard()
    {
        var user = await suite.NewAcceptedUser();
        var issued = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = await suite.NewBalance(user) })).Must(201);
        return (user, issued.Id, await suite.Open(user.Caller, issued));
    }
}
