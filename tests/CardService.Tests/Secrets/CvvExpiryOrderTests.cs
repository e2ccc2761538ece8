using Antaca.CardService.Tests.Authorisations;
using Antaca.TestKit;
using Npgsql;
using Xunit;
using static Antaca.CardService.Tests.Authorisations.Requests;

namespace Antaca.CardService.Tests.Secrets;

public sealed class CvvExpiryOrderTests(Suite suite) : IClassFixture<Suite>
{
    private const int Cards = 4;

    private readonly NpgsqlDataSource _dataCore = suite.Database("datacore");

    [Fact]
    public async Task A_programmes_CVVs_are_of_its_order_and_the_other_order_gives_others()
    {
        var (partner, program) = await suite.NewPartner();
        await _dataCore.Execute("update programmes set cvv_expiry_order = 'MMYY' where id = $1", program);
        var user = await suite.NewAcceptedUser(partner, program);
        var balance = await suite.NewBalance(user, 10_000);
        var cards = new List<(string CardNo, string Cvv, string Exp)>();
        for (var i = 0; i < Cards; i++)
        {
            var issued = (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId = balance })).Must(201);
            var (cardNo, cvv) = await suite.Open(user.Caller, issued);
            cards.Add((cardNo, cvv, issued["exp"].GetString()!));
        }
        foreach (var card in cards)
        {
            Assert.Equal("Approved", Decision(await Pay(card)).Item1);
        }

        // What no request can do: the same cards, computed the other way round. One in a thousand has the same CVV.
        await suite.Stop("datacore");
        await _dataCore.Execute("update programmes set cvv_expiry_order = 'YYMM' where id = $1", program);
        await suite.Start("datacore");

        var wrong = 0;
        foreach (var card in cards)
        {
            wrong += Decision(await Pay(card)).Item3 == "WRONG_CVV" ? 1 : 0;
        }
        Assert.InRange(wrong, Cards - 1, Cards);
    }

    private async Task<Answer> Pay((string CardNo, string Cvv, string Exp) card)
    {
        Answer answer = null!;
        await Eventually.Holds(
            async () =>
            {
                var request = Purchase(cardId: null);
                request["cardNo"] = await suite.Refer(Processor, "cardNo", card.CardNo);
                request["exp"] = card.Exp;
                request["cvv"] = await suite.Refer(Processor, "cvv", card.Cvv);
                return (answer = await suite.Authorise(request)).Status == 200;
            },
            "the vault to answer");
        return answer;
    }
}
