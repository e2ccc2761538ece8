using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Users;

/// <summary>One suite for all the verbs on users, and the broker's echo of what they owe.</summary>
public sealed class UserSuite : Suite
{
    public NpgsqlDataSource Rows { get; private set; } = null!;

    public Api OfPartner { get; private set; } = null!;

    public Api OfManager { get; private set; } = null!;

    protected override Task Given()
    {
        Rows = Database("datacore");
        OfPartner = As(new Caller { Channel = Channel.Secure, PartnerId = TestUsers.SandboxPartner }, "datacore");
        OfManager = Operator(Role.Manager);
        return Task.CompletedTask;
    }

    public Api Operator(Role role) =>
        As(new Caller { Channel = Channel.Admin, OperatorId = Guid.CreateVersion7(), SessionId = Guid.CreateVersion7(), Role = role }, "datacore");

    public Api App(TestUser user) => As(
        new Caller { Channel = Channel.Customers, PartnerId = user.PartnerId, UserId = user.UserId, InstallationId = Guid.CreateVersion7(), SessionId = Guid.CreateVersion7() },
        "datacore");

    public Api Of(Guid partnerId) => As(new Caller { Channel = Channel.Secure, PartnerId = partnerId }, "datacore");

    /// <summary>The types of the events that the partner heard about the user.</summary>
    public async Task Heard(TestUser user, params string[] types)
    {
        await Eventually.Holds(
            async () => (await Database("notifications").Scalar<string>(
                "select string_agg(type, ' ' order by sequence) from partner_events where partner_id = $1 and data->>'customerId' = $2",
                user.PartnerId,
                user.UserId.ToString())) == string.Join(' ', types),
            string.Join(' ', types));
    }

    public Task<string?> Status(TestUser user) => Rows.Scalar<string>("select status from users where id = $1", user.UserId);
}

[CollectionDefinition("users")]
public sealed class SharesUserSuite : ICollectionFixture<UserSuite>;
