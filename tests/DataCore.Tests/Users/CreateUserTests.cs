using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Users;

public sealed class CreateUserTests(Suite suite) : IClassFixture<Suite>
{
    private readonly Api _users = suite.As(new Caller { Channel = Channel.Secure, PartnerId = TestUsers.SandboxPartner }, "datacore");

    [Fact]
    public async Task A_partner_registers_a_user_and_reads_it_back()
    {
        var created = (await _users.Post("/users", TestUsers.Registration())).Must(201);

        Assert.Equal("Active", created["status"].GetString());
        Assert.Equal("None", created["kycStatus"].GetString());
        var read = (await _users.Get($"/users/{created.Id}")).Must(200);
        Assert.Equal(created.Text, read.Text);
    }

    [Theory]
    [InlineData("phone", "+48 600")]
    [InlineData("phone", "600700800")]
    [InlineData("email", "no-at-sign.example.com")]
    [InlineData("firstName", " ")]
    [InlineData("birthDate", "2999-01-01")]
    [InlineData("nationality", "Poland")]
    [InlineData("externalId", "")]
    public async Task A_field_that_cannot_be_right_is_named(string field, string value)
    {
        var registration = TestUsers.Registration();
        registration[field] = value;

        var refused = (await _users.Post("/users", registration)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task A_missing_field_and_an_unknown_one_are_named()
    {
        var missing = TestUsers.Registration();
        missing.Remove("phone");
        var unknown = TestUsers.Registration();
        unknown["admin"] = true;

        var first = (await _users.Post("/users", missing)).MustRefuse(422, "VALIDATION_FAILED");
        var second = (await _users.Post("/users", unknown)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.True(first["errors"].TryGetProperty("phone", out _));
        Assert.True(second["errors"].TryGetProperty("admin", out _));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("{\"phone\": \"+48\" \"email\"}")]
    public async Task Text_that_is_no_JSON_is_refused_as_such(string text)
    {
        Assert.Equal(400, (await _users.PostText("/users", text)).Status);
    }

    [Theory]
    [InlineData("phone")]
    [InlineData("email")]
    [InlineData("externalId")]
    public async Task Phone_email_and_external_id_are_unique_in_a_programme(string field)
    {
        var first = TestUsers.Registration();
        first["externalId"] = $"unique-{field}";
        (await _users.Post("/users", first)).Must(201);
        var second = TestUsers.Registration();
        second[field] = field == "email" ? first[field]!.ToString()!.ToUpperInvariant() : first[field];

        (await _users.Post("/users", second)).MustRefuse(409, "USER_EXISTS");
    }

    [Fact]
    public async Task Another_partners_programme_is_none_of_mine()
    {
        var (_, program) = await suite.NewPartner();

        var refused = (await _users.Post("/users", TestUsers.Registration(program))).MustRefuse(422, "VALIDATION_FAILED");

        Assert.True(refused["errors"].TryGetProperty("programId", out _));
    }

    [Fact]
    public async Task Another_partners_user_is_not_there()
    {
        var (partner, program) = await suite.NewPartner();
        var theirs = await suite.NewUser(partner, program);

        (await _users.Get($"/users/{theirs.UserId}")).MustRefuse(404, "USER_NOT_FOUND");
    }

    [Fact]
    public async Task The_same_key_gives_the_same_answer_byte_for_byte()
    {
        var registration = TestUsers.Registration();
        var key = Guid.CreateVersion7().ToString();

        var first = (await _users.Post("/users", registration, key)).Must(201);
        var again = (await _users.Post("/users", registration, key)).Must(201);

        Assert.Equal(first.Bytes, again.Bytes);
        Assert.Null(first.Header("Idempotent-Replayed"));
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
    }

    [Fact]
    public async Task A_key_serves_one_request_only()
    {
        var key = Guid.CreateVersion7().ToString();
        (await _users.Post("/users", TestUsers.Registration(), key)).Must(201);

        (await _users.Post("/users", TestUsers.Registration(), key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
    }

    [Fact]
    public async Task Two_requests_with_one_key_at_once_make_one_user()
    {
        var registration = TestUsers.Registration();
        var key = Guid.CreateVersion7().ToString();

        await using var held = await Races.Hold(suite.Database("datacore"), "lock table users in share mode");
        var first = _users.Post("/users", registration, key);
        await held.Waiters(1);
        (await _users.Post("/users", registration, key)).MustRefuse(409, "IDEMPOTENCY_IN_PROGRESS");
        await held.Release();
        (await first).Must(201);
        (await _users.Post("/users", registration, key)).Must(201);
    }
}
