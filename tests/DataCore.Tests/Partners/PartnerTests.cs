using System.Text.Json;
using Antaca.DataCore.Partners;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Partners;

[Collection("partners")]
public sealed class PartnerTests(PartnerSuite suite)
{
    [Fact]
    public async Task A_partner_is_shown_as_it_was_taken_in_and_listed_first()
    {
        suite.Clock.Advance(TimeSpan.FromSeconds(1));
        var before = await suite.NewPartner();
        suite.Clock.Advance(TimeSpan.FromSeconds(1));
        var name = PartnerSuite.NewName();

        var created = (await suite.OfAdmin.Post("/partners", new { name = $"  {name} ", contactEmail = "cards@bank.example", networks = new[] { "203.0.113.0/24" } })).Must(201);

        Assert.Equal((name, "cards@bank.example", JsonValueKind.Null), (created["name"].GetString(), created["contactEmail"].GetString(), created["encryptionKeyId"].ValueKind));
        Assert.Equal(created.Text, (await suite.OfAdmin.Get($"/partners/{created.Id}")).Must(200).Text);
        var newest = (await suite.OfAdmin.Get("/partners?limit=1")).Must(200);
        Assert.Equal(created.Text, newest["items"][0].GetRawText());
        var next = (await suite.OfAdmin.Get($"/partners?limit=1&after={newest["next"].GetString()}")).Must(200);
        Assert.Equal(before, next["items"][0].GetProperty("id").GetGuid());
        (await suite.OfAdmin.Get("/partners?limit=0")).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task A_change_leaves_what_is_absent_and_takes_networks_back_by_naming_none()
    {
        var (name, other) = (PartnerSuite.NewName(), PartnerSuite.NewName());
        var id = (await suite.OfAdmin.Post("/partners", new { name, contactEmail = "cards@bank.example", networks = new[] { "10.0.0.0/8" } })).Must(201).Id;

        var renamed = (await suite.Patch($"/partners/{id}", new { name = $" {other} " })).Must(200);
        Assert.Equal((other, "cards@bank.example", """["10.0.0.0/8"]"""), (renamed["name"].GetString(), renamed["contactEmail"].GetString(), renamed["networks"].GetRawText()));
        Assert.Equal(renamed.Text, (await suite.Patch($"/partners/{id}", new { })).Must(200).Text);
        Assert.Equal(renamed.Text, (await suite.Patch($"/partners/{id}", new { name = other })).Must(200).Text);
        var open = (await suite.Patch($"/partners/{id}", new { contactEmail = "more@bank.example", networks = Array.Empty<string>() })).Must(200);

        Assert.Equal((other, "more@bank.example", "[]"), (open["name"].GetString(), open["contactEmail"].GetString(), open["networks"].GetRawText()));
        Assert.Equal(open.Text, (await suite.OfAdmin.Get($"/partners/{id}")).Must(200).Text);
        // The former name is free.
        (await suite.OfAdmin.Post("/partners", new { name })).Must(201);
    }

    [Theory]
    [InlineData("name", "")]
    [InlineData("name", "   ")]
    [InlineData("name", "Bank\nWschodni")]
    [InlineData("name", "Bank\0")]
    [InlineData("contactEmail", "")]
    [InlineData("contactEmail", "cards")]
    [InlineData("contactEmail", "@bank.example")]
    [InlineData("contactEmail", "cards@")]
    [InlineData("contactEmail", "cards@bank@example.com")]
    [InlineData("contactEmail", "cards @bank.example")]
    [InlineData("contactEmail", "cards@bank.example\r\nBcc: all@bank.example")]
    public async Task A_field_that_cannot_be_right_is_named_and_nothing_changes(string field, string value)
    {
        var partner = await suite.NewPartner();
        var before = (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200).Text;

        var request = new Dictionary<string, object> { ["name"] = PartnerSuite.NewName(), [field] = value };
        foreach (var refused in new[] { await suite.OfAdmin.Post("/partners", request), await suite.Patch($"/partners/{partner}", request) })
        {
            Assert.Equal(field, Assert.Single(refused.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name);
        }

        Assert.Equal(before, (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200).Text);
    }

    [Fact]
    public async Task Names_and_addresses_end_where_they_must()
    {
        var name = PartnerSuite.NewName().PadRight(Partner.MaxNameLength, 'ż');
        var email = "cards@" + string.Join('.', Enumerable.Repeat(new string('b', 60), 5));

        (await suite.OfAdmin.Post("/partners", new { name, contactEmail = email[..254] })).Must(201);

        (await suite.OfAdmin.Post("/partners", new { name = name + "ż" })).MustRefuse(422, "VALIDATION_FAILED");
        (await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName(), contactEmail = email[..254] + "b" })).MustRefuse(422, "VALIDATION_FAILED");
        (await suite.OfAdmin.Post("/partners", new { })).MustRefuse(422, "VALIDATION_FAILED");
        (await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName(), encryptionKey = "{}" })).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task A_name_is_one_partners()
    {
        var name = PartnerSuite.NewName();
        (await suite.OfAdmin.Post("/partners", new { name })).Must(201);
        var other = await suite.NewPartner();
        var before = (await suite.OfAdmin.Get($"/partners/{other}")).Must(200).Text;

        (await suite.OfAdmin.Post("/partners", new { name = name + " " })).MustRefuse(409, "PARTNER_EXISTS");
        (await suite.Patch($"/partners/{other}", new { name, contactEmail = "cards@bank.example" })).MustRefuse(409, "PARTNER_EXISTS");

        Assert.Equal(before, (await suite.OfAdmin.Get($"/partners/{other}")).Must(200).Text);
    }

    [Fact]
    public async Task Of_two_that_are_renamed_and_one_that_is_taken_in_at_once_one_has_the_name()
    {
        var (first, second, nearly) = (await suite.NewPartner(), await suite.NewPartner(), await suite.NewPartner());
        var name = PartnerSuite.NewName();

        var answers = await suite.ForTheName(
            "partners",
            nearly,
            name,
            () => suite.Patch($"/partners/{first}", new { name }),
            () => suite.Patch($"/partners/{second}", new { name }),
            () => suite.OfAdmin.Post("/partners", new { name }));

        Assert.Single(answers, answer => answer.Status is 200 or 201);
        Assert.Equal(2, answers.Count(answer => answer.Code == "PARTNER_EXISTS"));
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from partners where name = $1", name));
    }

    [Fact]
    public async Task Two_that_want_each_others_name_at_once_keep_their_own()
    {
        var (first, second) = (await suite.NewPartner(), await suite.NewPartner());
        var (ofFirst, ofSecond) = (await NameOf(first), await NameOf(second));

        var answers = await Races.AtOnce(
            suite.Rows,
            "lock table partners in share mode",
            waiters: 2,
            () => suite.Patch($"/partners/{first}", new { name = ofSecond }),
            () => suite.Patch($"/partners/{second}", new { name = ofFirst }));

        Assert.All(answers, answer => answer.MustRefuse(409, "PARTNER_EXISTS"));
        Assert.Equal((ofFirst, ofSecond), (await NameOf(first), await NameOf(second)));
    }

    [Fact]
    public async Task Changes_of_different_fields_at_once_are_all_made()
    {
        var partner = await suite.NewPartner();
        var name = PartnerSuite.NewName();

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from partners where id = '{partner}' for update",
            waiters: 3,
            () => suite.Patch($"/partners/{partner}", new { name }),
            () => suite.Patch($"/partners/{partner}", new { networks = new[] { "10.0.0.0/8" } }),
            () => suite.OfAdmin.Put($"/partners/{partner}/encryption-key", new { jwk = ExampleKeys.Encryption }));

        Assert.All(answers, answer => answer.Must(200));
        var shown = (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200);
        Assert.Equal((name, """["10.0.0.0/8"]""", JsonValueKind.String), (shown["name"].GetString(), shown["networks"].GetRawText(), shown["encryptionKeyId"].ValueKind));
    }

    [Fact]
    public async Task Every_write_leaves_one_entry_and_what_gateways_must_hear_is_told_them()
    {
        var id = Guid.Empty;
        var ofTakingIn = await suite.Owed(async () => id = (await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName(), networks = new[] { "10.0.0.0/8" } })).Must(201).Id);

        Assert.Equal([Entry("CreatePartner")], ofTakingIn);
        Assert.Equal([Entry("UpdatePartner")], await suite.Owed(async () => (await suite.Patch($"/partners/{id}", new { name = PartnerSuite.NewName() })).Must(200)));
        Assert.Equal([$"PartnerChanged {id}", Entry("UpdatePartner")], await suite.Owed(async () => (await suite.Patch($"/partners/{id}", new { networks = Array.Empty<string>() })).Must(200)));
        Assert.Equal([$"PartnerChanged {id}", Entry("SetEncryptionKey")], await suite.Owed(Register));
        Assert.Empty(await suite.Owed(Register));
        Assert.Equal([$"PartnerChanged {id}", Entry("RemoveEncryptionKey")], await suite.Owed(Remove));
        Assert.Empty(await suite.Owed(Remove));
        Assert.Empty(await suite.Owed(async () =>
        {
            (await suite.OfAdmin.Post("/partners", new { name = await NameOf(id) })).Must(409);
            (await suite.Patch($"/partners/{id}", new { networks = new[] { "10.0.0.1/8" } })).Must(422);
            (await suite.Patch($"/partners/{Guid.CreateVersion7()}", new { })).Must(404);
        }));

        string Entry(string action) => suite.Entry(action, $"partner:{id}", id);
        async Task Register() => (await suite.OfAdmin.Put($"/partners/{id}/encryption-key", new { jwk = ExampleKeys.Encryption })).Must(200);
        async Task Remove() => (await suite.OfAdmin.Delete($"/partners/{id}/encryption-key")).Must(200);
    }

    [Fact]
    public async Task A_key_takes_one_partner_in_and_another_request_under_it_none()
    {
        var (key, request) = (Guid.CreateVersion7().ToString(), new { name = PartnerSuite.NewName() });

        var answers = await Races.AtOnce(
            suite.Rows, "lock table partners in share mode", waiters: 1, () => suite.OfAdmin.Post("/partners", request, key), () => suite.OfAdmin.Post("/partners", request, key));
        var first = answers.First(answer => answer.Status == 201);
        Assert.All(answers, answer => Assert.True(answer.Code == "IDEMPOTENCY_IN_PROGRESS" || answer.Text == first.Text, answer.Text));
        var again = (await suite.OfAdmin.Post("/partners", request, key)).Must(201);

        Assert.Equal((first.Text, "true"), (again.Text, again.Header("Idempotent-Replayed")));
        (await suite.OfAdmin.Post("/partners", new { name = PartnerSuite.NewName() }, key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        // Another operator's key is another key.
        (await suite.As(TestUsers.Operator(Role.Admin), "datacore").Post("/partners", request, key)).MustRefuse(409, "PARTNER_EXISTS");
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from partners where name = $1", request.name));
    }

    [Fact]
    public async Task Partners_are_an_Admins_business_alone()
    {
        var partner = await suite.NewPartner();
        var before = (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200).Text;
        Caller[] others =
        [
            TestUsers.Operator(Role.Manager), TestUsers.Operator(Role.Employee), new() { Channel = Channel.Secure, PartnerId = partner }, new() { Channel = Channel.Processor, Processor = "sandbox" },
            new() { Channel = Channel.Admin }, new() { Channel = Channel.Customers },
        ];

        foreach (var api in others.Select(other => suite.As(other, "datacore")))
        {
            foreach (var answer in new[]
            {
                await api.Get("/partners"), await api.Post("/partners", new { name = PartnerSuite.NewName() }), await api.Get($"/partners/{partner}"),
                await suite.Patch($"/partners/{partner}", new { name = PartnerSuite.NewName(), networks = new[] { "10.0.0.0/8" } }, api),
                await api.Put($"/partners/{partner}/encryption-key", new { jwk = ExampleKeys.Encryption }), await api.Delete($"/partners/{partner}/encryption-key"),
            })
            {
                answer.MustRefuse(403, "FORBIDDEN");
            }
        }

        Assert.Equal(before, (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200).Text);
    }

    [Fact]
    public async Task Who_is_no_partner_is_not_found()
    {
        var nobody = $"/partners/{Guid.CreateVersion7()}";

        foreach (var answer in new[]
        {
            await suite.OfAdmin.Get(nobody), await suite.Patch(nobody, new { name = PartnerSuite.NewName() }),
            await suite.OfAdmin.Put(nobody + "/encryption-key", new { jwk = ExampleKeys.Encryption }), await suite.OfAdmin.Delete(nobody + "/encryption-key"),
        })
        {
            answer.MustRefuse(404, "PARTNER_NOT_FOUND");
        }
    }

    private async Task<string> NameOf(Guid partner) => (await suite.OfAdmin.Get($"/partners/{partner}")).Must(200)["name"].GetString()!;
}
