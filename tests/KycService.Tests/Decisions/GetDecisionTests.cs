using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.KycService.Tests.Decisions;

public sealed class GetDecisionTests(Suite suite) : IClassFixture<Suite>
{
    [Fact]
    public async Task A_user_without_an_application_is_not_verified()
    {
        var user = await suite.NewUser();

        var facts = (await suite.Neighbour("cardservice", "kycservice").Get($"/internal/decisions/{user.UserId}?partnerId={user.PartnerId}")).Must(200);

        Assert.Equal("None", facts["status"].GetString());
        Assert.Equal(user.UserId, facts["userId"].GetGuid());
    }

    [Fact]
    public async Task A_decision_is_the_partners_own()
    {
        var user = await suite.NewAcceptedUser();

        var facts = (await suite.Neighbour("balanceservice", "kycservice").Get($"/internal/decisions/{user.UserId}?partnerId={Guid.CreateVersion7()}")).Must(200);

        Assert.Equal("None", facts["status"].GetString());
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("datacore")]
    [InlineData("notifications")]
    public async Task Only_those_who_decide_about_users_may_ask(string neighbour)
    {
        (await suite.Neighbour(neighbour, "kycservice").Get($"/internal/decisions/{Guid.CreateVersion7()}?partnerId={Guid.CreateVersion7()}"))
            .MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
    }
}
