using System.Text.Json;
using Antaca.DataCore.Operators;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Operators;

[Collection("operators")]
public sealed class OperatorTests(OperatorSuite suite)
{
    [Fact]
    public async Task A_manager_invites_an_employee_who_is_listed_as_invited()
    {
        var email = OperatorSuite.NewEmail();

        var invited = (await suite.OfManager.Post("/operators", new { email = email.ToUpperInvariant(), name = "  Ewa Nowak ", role = "Employee" })).Must(201);

        Assert.Equal((email, "Ewa Nowak", "Employee", "Invited"), (invited["email"].GetString(), invited["name"].GetString(), invited["role"].GetString(), invited["status"].GetString()));
        Assert.Equal(JsonValueKind.Null, invited["lockedUntil"].ValueKind);
        var newest = (await suite.OfManager.Get("/operators?limit=1")).Must(200);
        Assert.Equal(invited.Text, newest["items"][0].GetRawText());
        var next = (await suite.OfManager.Get($"/operators?limit=1&after={newest["next"].GetString()}")).Must(200);
        Assert.NotEqual(invited.Id, next["items"][0].GetProperty("id").GetGuid());
        (await suite.OfManager.Get("/operators?limit=0")).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Nobody_gives_a_role_above_his_own()
    {
        var admin = await suite.Active(Role.Admin);

        (await Invite(suite.OfManager, OperatorSuite.NewEmail(), "Admin")).MustRefuse(403, "ROLE_TOO_HIGH");
        (await Invite(suite.OfManager, OperatorSuite.NewEmail(), "Manager")).Must(201);
        (await suite.OfManager.Post($"/operators/{admin.Id}/invitation")).MustRefuse(403, "ROLE_TOO_HIGH");
        (await suite.OfAdmin.Post($"/operators/{admin.Id}/invitation")).Must(202);
    }

    [Theory]
    [InlineData("email", "no-at-sign")]
    [InlineData("name", " ")]
    [InlineData("role", "Owner")]
    [InlineData("role", 1)]
    public async Task A_field_that_cannot_be_right_is_named(string field, object value)
    {
        var request = new Dictionary<string, object> { ["email"] = OperatorSuite.NewEmail(), ["name"] = "Ewa", ["role"] = "Employee", [field] = value };

        var refused = (await suite.OfAdmin.Post("/operators", request)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task An_address_has_one_operator_at_once_too_and_a_key_one_invitation()
    {
        var email = OperatorSuite.NewEmail();
        var answers = await Races.AtOnce(
            suite.Rows, "lock table operators in share mode", waiters: 2, () => Invite(suite.OfAdmin, email, "Employee"), () => Invite(suite.OfManager, email.ToUpperInvariant(), "Employee"));
        Assert.Single(answers, answer => answer.Status == 201);
        Assert.Single(answers, answer => answer.Code == "OPERATOR_EXISTS");

        var (key, request) = (Guid.CreateVersion7().ToString(), new { email = OperatorSuite.NewEmail(), name = "Ewa", role = "Employee" });
        var first = (await suite.OfAdmin.Post("/operators", request, key)).Must(201);
        Assert.Equal(first.Text, (await suite.OfAdmin.Post("/operators", request, key)).Must(201).Text);
        await suite.LinkTo(request.email);
        var again = Guid.CreateVersion7().ToString();
        await using var outbox = await suite.HoldOutbox();
        (await suite.OfAdmin.Post($"/operators/{first.Id}/invitation", key: again)).Must(202);
        Assert.Equal("true", (await suite.OfAdmin.Post($"/operators/{first.Id}/invitation", key: again)).Must(202).Header("Idempotent-Replayed"));
        Assert.Equal(["OperatorInvited", "SendInvitation"], await suite.Owed(first.Id));
    }

    [Fact]
    public async Task Every_verb_admits_whom_the_table_names_and_nobody_else()
    {
        var (id, _) = await suite.Invited();
        (HttpMethod Method, string Path, object? Body, Role Least)[] verbs =
        [
            (HttpMethod.Get, "/operators/me", null, Role.Employee),
            (HttpMethod.Delete, "/operator-sessions/mine", null, Role.Employee),
            (HttpMethod.Get, "/operators", null, Role.Manager),
            (HttpMethod.Post, "/operators", new { }, Role.Manager),
            (HttpMethod.Post, $"/operators/{id}/invitation", null, Role.Manager),
            (HttpMethod.Post, $"/operators/{id}/lock", null, Role.Admin),
            (HttpMethod.Post, $"/operators/{id}/unlock", null, Role.Admin),
            (HttpMethod.Put, $"/operators/{id}/role", new { }, Role.Admin),
        ];
        Caller[] others = [new() { Channel = Channel.Admin }, new() { Channel = Channel.Secure, PartnerId = TestUsers.SandboxPartner }, new() { Channel = Channel.Processor, Processor = "sandbox" }];
        foreach (var (method, path, body, least) in verbs)
        {
            foreach (var role in Enum.GetValues<Role>())
            {
                Assert.Equal((path, role, role < least), (path, role, await Send(suite.Of(role), method, path, body) == 403));
            }
            foreach (var other in others)
            {
                Assert.Equal((path, 403), (path, await Send(suite.As(other, "datacore"), method, path, body)));
            }
        }
        foreach (var path in new[] { "/operator-sessions", "/operator-sessions/verify", "/operator-password", "/operator-password/reset" })
        {
            Assert.Equal((path, 422), (path, await Send(suite.Nobody, HttpMethod.Post, path, new { })));
            Assert.Equal((path, 403), (path, await Send(suite.OfAdmin, HttpMethod.Post, path, new { })));
            Assert.Equal((path, 403), (path, await Send(suite.As(new Caller { Channel = Channel.Customers }, "datacore"), HttpMethod.Post, path, new { })));
        }
    }

    [Fact]
    public async Task A_lock_ends_everything_and_holds_past_midnight_until_an_Admin_unlocks()
    {
        var who = await suite.Active();
        var (session, _) = await suite.LogIn(who);
        var challenge = await suite.Challenge(who);
        await using var outbox = await suite.HoldOutbox();

        var locked = (await suite.OfAdmin.Post($"/operators/{who.Id}/lock")).Must(200);
        (await suite.OfAdmin.Post($"/operators/{who.Id}/lock")).Must(200);

        Assert.Equal(("Locked", JsonValueKind.Null), (locked["status"].GetString(), locked["lockedUntil"].ValueKind));
        Assert.Equal("Locked", await suite.EndOf(session));
        Assert.Single(await suite.Owed(who.Id), "OperatorSessionEnded Locked");
        await outbox.Release();
        suite.Clock.Advance(TimeSpan.FromSeconds(60));
        (await suite.Verify(challenge, suite.Code(who))).MustRefuse(401, "LOGIN_FAILED");
        (await suite.OfAdmin.Post($"/operators/{who.Id}/invitation")).MustRefuse(409, "OPERATOR_LOCKED");
        suite.Clock.Advance(TimeSpan.FromHours(25));
        (await suite.StartSession(who.Email)).MustRefuse(401, "LOGIN_FAILED");

        Assert.Equal("Active", (await suite.OfAdmin.Post($"/operators/{who.Id}/unlock")).Must(200)["status"].GetString());
        Assert.Equal("Active", (await suite.OfAdmin.Post($"/operators/{who.Id}/unlock")).Must(200)["status"].GetString());
        await suite.LogIn(who);
    }

    [Fact]
    public async Task An_Admin_unlocks_before_midnight_whom_wrong_tries_locked()
    {
        var who = await suite.Active();
        for (var round = 0; round < Operator.MaxTries; round++)
        {
            await suite.StartSession(who.Email, "wrong");
        }
        Assert.Equal("Locked", await suite.Status(who.Id));

        (await suite.OfAdmin.Post($"/operators/{who.Id}/unlock")).Must(200);

        Assert.Equal(0, await suite.WrongTries(who.Id));
        await suite.LogIn(who);
    }

    [Fact]
    public async Task Nobody_locks_himself_or_one_who_is_not_there()
    {
        var who = await suite.Active(Role.Admin);

        (await suite.Of(who.Id, Guid.CreateVersion7(), Role.Admin).Post($"/operators/{who.Id}/lock")).MustRefuse(409, "OWN_ACCOUNT");
        foreach (var verb in new[] { "lock", "unlock", "invitation" })
        {
            (await suite.OfAdmin.Post($"/operators/{Guid.CreateVersion7()}/{verb}")).MustRefuse(404, "OPERATOR_NOT_FOUND");
        }
        (await suite.OfAdmin.Put($"/operators/{Guid.CreateVersion7()}/role", new { role = "Employee" })).MustRefuse(404, "OPERATOR_NOT_FOUND");
    }

    [Fact]
    public async Task Another_role_ends_the_sessions_of_the_former_and_the_same_again_changes_nothing()
    {
        var who = await suite.Active();
        var (session, _) = await suite.LogIn(who);
        await using var outbox = await suite.HoldOutbox();

        Assert.Equal("Manager", (await suite.OfAdmin.Put($"/operators/{who.Id}/role", new { role = "Manager" })).Must(200)["role"].GetString());
        Assert.Equal("RoleChanged", await suite.EndOf(session));
        var (later, _) = await suite.LogIn(who);
        (await suite.OfAdmin.Put($"/operators/{who.Id}/role", new { role = "Manager" })).Must(200);

        Assert.Null(await suite.EndOf(later));
        Assert.Equal(["OperatorSessionEnded RoleChanged", "ChangeRole"], (await suite.Owed(who.Id)).Take(2));
        Assert.Single(await suite.Owed(who.Id), "ChangeRole");
    }

    [Fact]
    public async Task One_Admin_stays_whatever_two_do_to_each_other_at_once()
    {
        var (first, second) = (await suite.Active(Role.Admin), await suite.Active(Role.Admin));
        await using var others = await SetAside(first.Id, second.Id);

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from operators where id in ('{first.Id}', '{second.Id}') for update",
            waiters: 2,
            () => suite.Of(first.Id, Guid.CreateVersion7(), Role.Admin).Post($"/operators/{second.Id}/lock"),
            () => suite.Of(second.Id, Guid.CreateVersion7(), Role.Admin).Put($"/operators/{first.Id}/role", new { role = "Employee" }));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Single(answers, answer => answer.Code == "LAST_ADMIN");
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from operators where role = 'Admin' and status = 'Active'"));
        var last = await suite.Rows.Scalar<Guid>("select id from operators where role = 'Admin' and status = 'Active'");
        (await suite.OfAdmin.Post($"/operators/{last}/lock")).MustRefuse(409, "LAST_ADMIN");
        (await suite.Of(last, Guid.CreateVersion7(), Role.Admin).Put($"/operators/{last}/role", new { role = "Manager" })).MustRefuse(409, "LAST_ADMIN");
    }

    [Fact]
    public async Task The_first_Admin_is_invited_by_command_while_no_operator_is_active()
    {
        var email = OperatorSuite.NewEmail();
        var (refused, nothing, why) = await Command("--email", email, "--name", "First Admin");
        Assert.Equal((1, ""), (refused, nothing));
        Assert.Contains("active operator", why, StringComparison.Ordinal);
        Assert.Equal(64, (await Command("--email", "nobody", "--name", "x")).Code);

        await using (await SetAside())
        {
            var former = (await Command("--email", email, "--name", "First Admin")).Output;
            var (code, printed, _) = await Command("--email", email.ToUpperInvariant(), "--name", "First Admin");
            Assert.Equal((0, 43), (code, TokenOf(printed).Length));
            Assert.StartsWith("https://panel.example.com/admin/password#", printed, StringComparison.Ordinal);
            Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from operators where email = $1 and role = 'Admin' and status = 'Invited'", email));
            (await suite.Nobody.Post("/operator-password", new { link = TokenOf(former), password = OperatorSuite.Password })).MustRefuse(401, "LINK_INVALID");
            var set = (await suite.Nobody.Post("/operator-password", new { link = TokenOf(printed), password = OperatorSuite.Password })).Must(200);
            await suite.LogIn(new TestOperator(Guid.Empty, email, Role.Admin, OperatorSuite.Base32(set["totp"].GetProperty("secret").GetString()!)));
            Assert.Equal(1, (await Command("--email", OperatorSuite.NewEmail(), "--name", "Second Admin")).Code);
        }
    }

    private static string TokenOf(string link) => link.Split('#')[1];

    private async Task<(int Code, string Output, string Errors)> Command(params string[] options)
    {
        await using var output = new StringWriter();
        await using var errors = new StringWriter();
        var code = await InviteFirstOperator.Run(
            [.. options, $"--ConnectionStrings:database={suite.ConnectionString("datacore")}", "--Operators:PanelAddress=https://panel.example.com"], suite.Clock, output, errors);
        return (code, output.ToString().Trim(), errors.ToString());
    }

    /// <summary>Nobody but these is active until this is disposed.</summary>
    private async Task<Aside> SetAside(params Guid[] but)
    {
        await using var lockThem = suite.Rows.CreateCommand("update operators set status = 'Locked', locked_until = null where status = 'Active' and id <> all ($1) returning id");
        lockThem.Parameters.Add(new() { Value = but });
        await using var rows = await lockThem.ExecuteReaderAsync();
        var ids = new List<Guid>();
        while (await rows.ReadAsync())
        {
            ids.Add(rows.GetGuid(0));
        }
        return new Aside(suite.Rows, [.. ids]);
    }

    private sealed class Aside(NpgsqlDataSource rows, Guid[] ids) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await using var back = rows.CreateCommand("update operators set status = 'Active' where id = any ($1)");
            back.Parameters.Add(new() { Value = ids });
            await back.ExecuteNonQueryAsync();
        }
    }

    private static Task<Answer> Invite(Api api, string email, string role) => api.Post("/operators", new { email, name = "Zoë", role });

    private static async Task<int> Send(Api api, HttpMethod method, string path, object? body) =>
        method == HttpMethod.Get ? (await api.Get(path)).Status
        : method == HttpMethod.Delete ? (await api.Delete(path)).Status
        : method == HttpMethod.Put ? (await api.Put(path, body)).Status
        : (await api.Post(path, body)).Status;
}
