using System.Text.RegularExpressions;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Users;

[Collection("users")]
public sealed partial class RegisterSelfTests(UserSuite suite)
{
    private readonly Api _anybody = suite.As(new Caller { Channel = Channel.Customers }, "datacore");

    [Fact]
    public async Task Whoever_registers_is_a_user_and_has_a_code_sent()
    {
        var (partner, registration) = await OpenProgramme();

        var answer = (await _anybody.Post("/registrations", registration)).Must(202);

        Assert.Equal(["status", "expiresAt"], answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.Equal("CodeSent", answer["status"].GetString());
        var code = CodeIn(await suite.LastMessageTo(registration["phone"]!.ToString()!));
        var id = await suite.Rows.Scalar<Guid>("select id from users where phone = $1 and partner_id = $2 and status = 'Active'", registration["phone"]!, partner);
        var user = new TestUser(partner, (Guid)registration["programId"]!, id);
        await suite.Heard(user, "user.registered");
        await Eventually.Holds(async () => await Codes(id) == 1, "the code that was sent to be kept");
        foreach (var table in new[] { "activation_codes", "outbox", "inbox" })
        {
            Assert.Equal(0L, await suite.Rows.Scalar<long>($"select count(*) from {table} t where t::text ~ ('[^0-9a-f]' || $1 || '[^0-9a-f]')", code));
        }
        Assert.DoesNotContain(suite.Log.Lines, line => line.Contains($" {code}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_registered_phone_gets_the_same_answer_and_its_user_a_code()
    {
        var (partner, registration) = await OpenProgramme();
        var known = (await suite.Of(partner).Post("/users", registration)).Must(201);
        var attempt = new Dictionary<string, object?>(registration) { ["firstName"] = "Mallory", ["email"] = "mallory@example.com", ["deliverBy"] = "Email" };

        var answer = (await _anybody.Post("/registrations", attempt)).Must(202);

        Assert.Equal("CodeSent", answer["status"].GetString());
        await suite.LastMessageTo(registration["email"]!.ToString()!);
        Assert.Empty(await suite.MessagesTo("mallory@example.com").ToListAsync());
        Assert.Equal(known.Text, (await suite.Of(partner).Get($"/users/{known.Id}")).Must(200).Text);
        await Eventually.Holds(async () => await Codes(known.Id) == 1, "the code that was sent to be kept");
    }

    [Fact]
    public async Task A_registered_e_mail_gets_the_same_answer_and_nobody_a_code()
    {
        var (partner, registration) = await OpenProgramme();
        var known = (await suite.Of(partner).Post("/users", registration)).Must(201);
        var attempt = new Dictionary<string, object?>(registration) { ["phone"] = TestUsers.Registration()["phone"] };

        Assert.Equal("CodeSent", (await _anybody.Post("/registrations", attempt)).Must(202)["status"].GetString());

        var next = TestUsers.Registration((Guid)registration["programId"]!);
        (await _anybody.Post("/registrations", next)).Must(202);
        await suite.LastMessageTo(next["phone"]!.ToString()!);
        Assert.Empty(await suite.MessagesTo(attempt["phone"]!.ToString()!).ToListAsync());
        Assert.Empty(await suite.MessagesTo(registration["email"]!.ToString()!).ToListAsync());
        Assert.Equal(0L, await Codes(known.Id));
    }

    [Fact]
    public async Task A_code_waits_for_the_carrier()
    {
        var (partner, registration) = await OpenProgramme();
        await suite.Stop("notifications");
        (await _anybody.Post("/registrations", registration)).Must(202);
        var id = await suite.Rows.Scalar<Guid>("select id from users where partner_id = $1", partner);
        await Eventually.Holds(async () => await suite.Rows.Scalar<long>("select count(*) from outbox") == 0, "the event to be told");
        Assert.Equal(0L, await Codes(id));
        await suite.Start("notifications");

        await suite.LastMessageTo(registration["phone"]!.ToString()!);

        await Eventually.Holds(async () => await Codes(id) == 1, "the code that was sent to be kept");
    }

    [Fact]
    public async Task A_registration_is_on_the_audit_trail_with_its_user()
    {
        var (partner, registration) = await OpenProgramme();
        await using var held = await Races.Hold(suite.Rows, "select pg_advisory_xact_lock(x'4F7574626F78'::bigint)");

        (await _anybody.Post("/registrations", registration)).Must(202);
        (await _anybody.Post("/registrations", registration)).Must(202);

        var id = await suite.Rows.Scalar<Guid>("select id from users where partner_id = $1", partner);
        Assert.Equal("anonymous , anonymous USER_EXISTS", await suite.Rows.Scalar<string>(
            "select string_agg(concat(body->>'actor', ' ', body->>'outcome'), ', ' order by position) from outbox where type = 'Audited' and body->>'action' = 'RegisterSelf' and body->>'subject' = $1",
            $"user:{id}"));
    }

    [Fact]
    public async Task The_same_phone_at_once_is_one_user()
    {
        var (partner, registration) = await OpenProgramme();

        var answers = await Races.AtOnce(
            suite.Rows,
            "lock table users in share mode",
            waiters: 2,
            () => _anybody.Post("/registrations", registration),
            () => _anybody.Post("/registrations", registration));

        Assert.All(answers, answer => answer.Must(202));
        Assert.Equal(1L, await suite.Rows.Scalar<long>("select count(*) from users where partner_id = $1", partner));
    }

    [Fact]
    public async Task A_new_code_ends_the_former_and_no_user_gets_more_than_ten_an_hour()
    {
        var (partner, registration) = await OpenProgramme();
        var phone = registration["phone"]!.ToString()!;
        (await _anybody.Post("/registrations", registration)).Must(202);
        var first = await suite.LastMessageTo(phone);
        (await _anybody.Post("/registrations", registration)).Must(202);
        await suite.LastMessageTo(phone, after: first);
        var id = await suite.Rows.Scalar<Guid>("select id from users where phone = $1 and partner_id = $2", phone, partner);
        await Eventually.Holds(async () => await Codes(id) == 2, "the code that was sent to be kept");
        Assert.Equal(1L, await suite.Rows.Scalar<long>("select count(*) from activation_codes where user_id = $1 and ended_at is null", id));

        await using (var more = suite.Rows.CreateCommand(
            "insert into activation_codes (id, user_id, code_hash, created_at, expires_at, ended_at) select gen_random_uuid(), $1, '-', $2, $2, $2 from generate_series(1, 8)"))
        {
            more.Parameters.Add(new NpgsqlParameter { Value = id });
            more.Parameters.Add(new NpgsqlParameter { Value = suite.Clock.GetUtcNow() });
            await more.ExecuteNonQueryAsync();
        }
        (await _anybody.Post("/registrations", registration)).Must(202);
        await Eventually.Holds(() => Task.FromResult(suite.Log.Lines.Any(line => line.Contains($"No activation code goes to user {id}", StringComparison.Ordinal))), "the eleventh to be dropped");
        Assert.Equal(10L, await Codes(id));
    }

    [Fact]
    public async Task One_phone_is_not_tried_for_ever_registered_or_not()
    {
        var (partner, registration) = await OpenProgramme();
        (await suite.Of(partner).Post("/users", registration)).Must(201);
        var stranger = new Dictionary<string, object?>(registration) { ["phone"] = TestUsers.Registration()["phone"] };

        foreach (var attempt in new[] { registration, stranger })
        {
            for (var count = 0; count < 10; count++)
            {
                (await _anybody.Post("/registrations", attempt)).Must(202);
            }
            var refused = (await _anybody.Post("/registrations", attempt)).MustRefuse(429, "RATE_LIMITED");
            Assert.InRange(int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 3600);
        }
    }

    [Fact]
    public async Task A_programme_that_is_not_open_and_one_that_is_not_there_are_refused_alike()
    {
        var (_, program) = await suite.NewPartner();
        var closed = (await _anybody.Post("/registrations", TestUsers.Registration(program))).MustRefuse(422, "VALIDATION_FAILED");
        var absent = (await _anybody.Post("/registrations", TestUsers.Registration(Guid.CreateVersion7()))).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal("is not open for self-registration", closed["errors"].GetProperty("programId")[0].GetString());
        Assert.Equal(closed["errors"].GetRawText(), absent["errors"].GetRawText());
    }

    [Theory]
    [InlineData("phone", "600700800")]
    [InlineData("email", "nobody")]
    [InlineData("birthDate", "2999-01-01")]
    [InlineData("deliverBy", "Pigeon")]
    [InlineData("externalId", "mine")]
    public async Task A_field_that_cannot_be_right_is_named(string field, string value)
    {
        var (_, registration) = await OpenProgramme();
        registration[field] = value;

        var refused = (await _anybody.Post("/registrations", registration)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task Only_whoever_has_no_session_registers()
    {
        var (_, registration) = await OpenProgramme();

        (await suite.App(await suite.NewUser()).Post("/registrations", registration)).MustRefuse(403, "FORBIDDEN");
        (await suite.OfPartner.Post("/registrations", registration)).MustRefuse(403, "FORBIDDEN");
        (await suite.As(new Caller { Channel = Channel.Admin }, "datacore").Post("/registrations", registration)).MustRefuse(403, "FORBIDDEN");
    }

    private async Task<(Guid PartnerId, Dictionary<string, object?> Registration)> OpenProgramme()
    {
        var (partner, program) = await suite.NewPartner();
        await using var open = suite.Rows.CreateCommand("update programmes set self_registration = true where id = $1");
        open.Parameters.Add(new NpgsqlParameter { Value = program });
        await open.ExecuteNonQueryAsync();
        return (partner, TestUsers.Registration(program));
    }

    private Task<long> Codes(Guid userId) => suite.Rows.Scalar<long>("select count(*) from activation_codes where user_id = $1", userId);

    private static string CodeIn(string message) => SixDigits().Match(message).Value;

    [GeneratedRegex(@"(?<=code is )[0-9]{6}")]
    private static partial Regex SixDigits();
}
