using System.Text.Json;
using Antaca.DataCore.Programmes;
using Antaca.DataCore.Tests.Partners;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Programmes;

[Collection("partners")]
public sealed class ProgrammeTests(PartnerSuite suite)
{
    [Fact]
    public async Task A_programme_opens_with_the_usual_settings_and_is_shown_as_it_is()
    {
        var (partner, bin) = (await suite.NewPartner(), PartnerSuite.NewBin());

        var opened = (await Create(partner, bin, ("name", "  Travel "))).Must(201);

        Assert.Equal(
            ("Travel", $"{bin}:000000000-999999999", partner, JsonValueKind.Null), (Text(opened, "name"), Text(opened, "binRange"), opened["partnerId"].GetGuid(), opened["remoteUrl"].ValueKind));
        Assert.Equal(
            (10, 5, 36, "Partner", false), (opened["sessionMinutes"].GetInt32(), opened["idleMinutes"].GetInt32(), opened["cardValidityMonths"].GetInt32(), Text(opened, "kycMode"), opened["digitalFirst"].GetBoolean()));
        Assert.Equal(opened.Text, (await suite.OfAdmin.Get($"/programs/{opened.Id}")).Must(200).Text);
        Assert.Equal(opened.Text, (await suite.OfAdmin.Get($"/programs?partnerId={partner}")).Must(200)["items"][0].GetRawText());
        var facts = (await suite.Neighbour("cardservice", "datacore").Get($"/internal/programmes/{opened.Id}")).Must(200);
        Assert.Equal((partner, "EUR", "sandbox"), (facts["partnerId"].GetGuid(), Text(facts, "currency"), Text(facts, "processor")));
        (await suite.Neighbour("cardservice", "datacore").Get($"/internal/programmes/{Guid.CreateVersion7()}")).MustRefuse(404, "PROGRAM_NOT_FOUND");
    }

    [Theory]
    [InlineData("YYMM", "YYMM")]
    [InlineData("MMYY", "MMYY")]
    [InlineData(null, "YYMM")]
    public async Task The_order_of_the_expiry_in_the_CVVs_is_chosen_once(string? asked, string order)
    {
        var partner = await suite.NewPartner();

        var opened = (await (asked is null ? Create(partner, PartnerSuite.NewBin()) : Create(partner, PartnerSuite.NewBin(), ("cvvExpiryOrder", asked)))).Must(201);

        Assert.Equal(order, Text(opened, "cvvExpiryOrder"));
        Assert.Equal(order, Text((await suite.OfAdmin.Get($"/programs/{opened.Id}")).Must(200), "cvvExpiryOrder"));
    }

    [Fact]
    public async Task An_order_that_is_none_is_refused() =>
        (await Create(await suite.NewPartner(), PartnerSuite.NewBin(), ("cvvExpiryOrder", "YYYYMM"))).MustRefuse(422, "VALIDATION_FAILED");

    [Fact]
    public async Task A_change_leaves_what_is_absent_and_what_is_for_ever()
    {
        var partner = await suite.NewPartner();
        var opened = (await Create(partner, PartnerSuite.NewBin(), ("remoteUrl", "https://bank.example/cards"))).Must(201);

        var changed = (await suite.Patch($"/programs/{opened.Id}", new { name = " Other ", digitalFirst = true, kycMode = "Manual", sessionMinutes = 15, cardValidityMonths = 60 })).Must(200);

        Assert.Equal(("Other", "https://bank.example/cards", "Manual", true), (Text(changed, "name"), Text(changed, "remoteUrl"), Text(changed, "kycMode"), changed["digitalFirst"].GetBoolean()));
        Assert.Equal((15, 5, 60), (changed["sessionMinutes"].GetInt32(), changed["idleMinutes"].GetInt32(), changed["cardValidityMonths"].GetInt32()));
        Assert.Equal(changed.Text, (await suite.OfAdmin.Get($"/programs/{opened.Id}")).Must(200).Text);
        foreach (var (field, value) in new (string, object)[] { ("partnerId", Guid.CreateVersion7()), ("binRange", PartnerSuite.NewBin()), ("currency", "PLN"), ("processor", "other"), ("cvvExpiryOrder", "MMYY") })
        {
            var refused = (await suite.Patch($"/programs/{opened.Id}", new Dictionary<string, object> { [field] = value, ["name"] = "Third" })).MustRefuse(422, "VALIDATION_FAILED");
            Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
        }
        Assert.Equal(changed.Text, (await suite.Patch($"/programs/{opened.Id}", new { })).Must(200).Text);
    }

    [Theory]
    [InlineData("name", "", "Cards")]
    [InlineData("name", "\t", "Cards")]
    [InlineData("name", "129", "128")]
    [InlineData("remoteUrl", "http://bank.example/", "https://bank.example/")]
    [InlineData("remoteUrl", "bank.example", "https://bank.example:8443/cards/v1")]
    [InlineData("remoteUrl", "https://user:word@bank.example/", "https://xn--bnk-qla.example/")]
    [InlineData("remoteUrl", "https://bank.example/?to=", "https://bank.example")]
    [InlineData("remoteUrl", "https://bank.example/#a", "https://[2001:db8::1]/")]
    [InlineData("remoteUrl", " https://bank.example/", "https://203.0.113.7/")]
    [InlineData("remoteUrl", "https://bank.example/\0", "https://bank.example/a%20b")]
    [InlineData("sessionMinutes", 0, 1)]
    [InlineData("sessionMinutes", 61, 60)]
    [InlineData("idleMinutes", 0, 1)]
    [InlineData("idleMinutes", 61, 60)]
    [InlineData("cardValidityMonths", 0, 1)]
    [InlineData("cardValidityMonths", 121, 120)]
    [InlineData("holdLifetimeDays", 0, 1)]
    [InlineData("holdLifetimeDays", 61, 60)]
    [InlineData("timeZone", "", "UTC")]
    [InlineData("timeZone", "Mars/Olympus", "Europe/Warsaw")]
    [InlineData("timeZone", "europe/warsaw", "America/Argentina/Buenos_Aires")]
    [InlineData("timeZone", "Europe", "Etc/GMT+5")]
    [InlineData("timeZone", "../zoneinfo/UTC", "Asia/Tokyo")]
    [InlineData("timeZone", "/etc/passwd", "America/Port-au-Prince")]
    [InlineData("timeZone", "+01:00", "CET")]
    [InlineData("kycMode", "Nothing", "Http")]
    [InlineData("kycMode", 1, "Automatic")]
    public async Task A_setting_is_kept_at_its_edge_and_named_past_it(string field, object past, object edge)
    {
        var id = (await Create(await suite.NewPartner(), PartnerSuite.NewBin())).Must(201).Id;
        (past, edge) = (Lengthened(past), Lengthened(edge));

        var kept = (await Create(await suite.NewPartner(), PartnerSuite.NewBin(), (field, edge))).Must(201);
        Assert.Equal(edge.ToString(), kept[field].ToString());
        Assert.Equal(edge.ToString(), (await suite.Patch($"/programs/{id}", new Dictionary<string, object> { [field] = edge })).Must(200)[field].ToString());

        foreach (var refused in new[]
        {
            await Create(await suite.NewPartner(), PartnerSuite.NewBin(), (field, past)), await suite.Patch($"/programs/{id}", new Dictionary<string, object> { [field] = past }),
        })
        {
            Assert.Equal(field, Assert.Single(refused.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name);
        }
        Assert.Equal(edge.ToString(), (await suite.OfAdmin.Get($"/programs/{id}")).Must(200)[field].ToString());

        static object Lengthened(object value) => value is string text && int.TryParse(text, out var length) ? new string('ż', length) : value;
    }

    [Theory]
    [InlineData("currency", "EU")]
    [InlineData("currency", "eur")]
    [InlineData("currency", "XXQ")]
    [InlineData("processor", "")]
    [InlineData("processor", "Sandbox")]
    [InlineData("processor", "sandbox\n")]
    [InlineData("partnerId", "0190a000-0000-7000-8000-00000000ffff")]
    [InlineData("partnerId", "nobody")]
    [InlineData("unknown", "field")]
    public async Task What_is_chosen_once_is_chosen_right(string field, string value)
    {
        var bin = PartnerSuite.NewBin();

        var refused = (await Create(await suite.NewPartner(), bin, (field, value))).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(field, Assert.Single(refused["errors"].EnumerateObject()).Name);
        Assert.Equal(0, await suite.Rows.Scalar<long>("select count(*) from bin_ranges where range like $1 || '%'", bin));
    }

    [Fact]
    public async Task A_partners_programmes_have_names_of_their_own_and_a_refused_one_takes_no_range()
    {
        var (partner, bin) = (await suite.NewPartner(), PartnerSuite.NewBin());
        var (first, second) = ((await Create(partner, PartnerSuite.NewBin())).Must(201), (await Create(partner, PartnerSuite.NewBin(), ("name", "Gold"))).Must(201));

        (await Create(partner, bin)).MustRefuse(409, "PROGRAM_EXISTS");
        (await suite.Patch($"/programs/{second.Id}", new { name = "Cards", sessionMinutes = 20 })).MustRefuse(409, "PROGRAM_EXISTS");
        Assert.Equal(second.Text, (await suite.OfAdmin.Get($"/programs/{second.Id}")).Must(200).Text);
        (await suite.Patch($"/programs/{first.Id}", new { name = "Cards" })).Must(200);
        // The range is free, and another partner's cards may be called so too.
        (await Create(await suite.NewPartner(), bin)).Must(201);
    }

    [Fact]
    public async Task Of_two_that_are_renamed_and_one_that_opens_at_once_one_has_the_name()
    {
        var partner = await suite.NewPartner();
        var (first, second, nearly) = (await Opened(partner, "One"), await Opened(partner, "Two"), await Opened(partner, "Three"));

        var answers = await suite.ForTheName(
            "programmes",
            nearly,
            "Gold",
            () => suite.Patch($"/programs/{first}", new { name = "Gold" }),
            () => suite.Patch($"/programs/{second}", new { name = "Gold" }),
            () => Create(partner, PartnerSuite.NewBin(), ("name", "Gold")));

        Assert.Single(answers, answer => answer.Status is 200 or 201);
        Assert.Equal(2, answers.Count(answer => answer.Code == "PROGRAM_EXISTS"));
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from programmes where partner_id = $1 and name = 'Gold'", partner));
    }

    [Fact]
    public async Task Two_that_want_each_others_name_at_once_keep_their_own()
    {
        var partner = await suite.NewPartner();
        var (first, second) = (await Opened(partner, "One"), await Opened(partner, "Two"));

        var answers = await Races.AtOnce(
            suite.Rows,
            "lock table programmes in share mode",
            waiters: 2,
            () => suite.Patch($"/programs/{first}", new { name = "Two" }),
            () => suite.Patch($"/programs/{second}", new { name = "One" }));

        Assert.All(answers, answer => answer.MustRefuse(409, "PROGRAM_EXISTS"));
        Assert.Equal("One", Text((await suite.OfAdmin.Get($"/programs/{first}")).Must(200), "name"));
    }

    [Fact]
    public async Task Changes_of_different_settings_at_once_are_all_made()
    {
        var id = await Opened(await suite.NewPartner(), "Cards");

        var answers = await Races.AtOnce(
            suite.Rows,
            $"select 1 from programmes where id = '{id}' for update",
            waiters: 3,
            () => suite.Patch($"/programs/{id}", new { sessionMinutes = 20 }),
            () => suite.Patch($"/programs/{id}", new { idleMinutes = 7 }),
            () => suite.Patch($"/programs/{id}", new { selfRegistration = true }));

        Assert.All(answers, answer => answer.Must(200));
        var shown = (await suite.OfAdmin.Get($"/programs/{id}")).Must(200);
        Assert.Equal((20, 7, true), (shown["sessionMinutes"].GetInt32(), shown["idleMinutes"].GetInt32(), shown["selfRegistration"].GetBoolean()));
    }

    [Fact]
    public async Task A_partner_sees_its_own_programmes_whatever_it_asks_for_and_changes_none()
    {
        var (ours, theirs) = (await suite.NewPartner(), await suite.NewPartner());
        var (first, second, foreign) = (await Opened(ours, "One"), await Opened(ours, "Two"), await Opened(theirs, "One"));
        var partner = suite.As(new Caller { Channel = Channel.Secure, PartnerId = ours }, "datacore");

        foreach (var query in new[] { "", $"?partnerId={theirs}" })
        {
            var listed = (await partner.Get("/programs" + query)).Must(200)["items"].EnumerateArray().Select(programme => programme.GetProperty("id").GetGuid());
            Assert.Equal(new[] { first, second }.Order(), listed.Order());
        }
        var page = (await partner.Get("/programs?limit=1")).Must(200);
        var next = (await partner.Get($"/programs?limit=1&after={page["next"].GetString()}")).Must(200);
        Assert.Equal(new[] { first, second }.Order(), new[] { page, next }.Select(one => one["items"][0].GetProperty("id").GetGuid()).Order());
        Assert.Equal(JsonValueKind.Null, next["next"].ValueKind);
        // Not even another page's cursor leads to another's.
        Assert.DoesNotContain(foreign, (await partner.Get("/programs?limit=100")).Must(200)["items"].EnumerateArray().Select(programme => programme.GetProperty("id").GetGuid()));
        (await partner.Get($"/programs/{foreign}")).MustRefuse(403, "FORBIDDEN");
        (await suite.Patch($"/programs/{first}", new { sessionMinutes = 60 }, partner)).MustRefuse(403, "FORBIDDEN");
        (await partner.Post("/programs", Body(ours, PartnerSuite.NewBin(), ("name", "Three")))).MustRefuse(403, "FORBIDDEN");
    }

    [Fact]
    public async Task Programmes_are_an_Admins_to_open_and_to_change()
    {
        var (partner, bin) = (await suite.NewPartner(), PartnerSuite.NewBin());
        var id = await Opened(partner, "Cards");
        Caller[] others =
        [
            TestUsers.Operator(Role.Manager), TestUsers.Operator(Role.Employee), new() { Channel = Channel.Processor, Processor = "sandbox" }, new() { Channel = Channel.Admin }, new() { Channel = Channel.Customers },
        ];

        foreach (var api in others.Select(other => suite.As(other, "datacore")))
        {
            foreach (var answer in new[]
            {
                await api.Get("/programs"), await api.Get($"/programs/{id}"), await api.Post("/programs", Body(partner, bin, ("name", "Other"))), await suite.Patch($"/programs/{id}", new { name = "Other" }, api),
            })
            {
                answer.MustRefuse(403, "FORBIDDEN");
            }
        }

        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from programmes where partner_id = $1 and name = 'Cards'", partner));
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from programmes where partner_id = $1", partner));
    }

    [Fact]
    public async Task What_is_no_programme_is_not_found()
    {
        (await suite.OfAdmin.Get($"/programs/{Guid.CreateVersion7()}")).MustRefuse(404, "PROGRAM_NOT_FOUND");
        (await suite.Patch($"/programs/{Guid.CreateVersion7()}", new { name = "Other" })).MustRefuse(404, "PROGRAM_NOT_FOUND");
        (await suite.OfAdmin.Get("/programs?limit=201")).MustRefuse(422, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Every_write_leaves_one_entry_and_a_refusal_none()
    {
        var (partner, bin, id) = (await suite.NewPartner(), PartnerSuite.NewBin(), Guid.Empty);

        var ofOpening = await suite.Owed(async () => id = (await Create(partner, bin)).Must(201).Id);
        Assert.Equal([suite.Entry("CreateProgramme", $"program:{id}", partner)], ofOpening);
        Assert.Equal([suite.Entry("UpdateProgramme", $"program:{id}", partner)], await suite.Owed(async () => (await suite.Patch($"/programs/{id}", new { name = "Gold" })).Must(200)));
        Assert.Empty(await suite.Owed(async () =>
        {
            (await Create(partner, bin, ("name", "Silver"))).Must(409);
            (await Create(partner, PartnerSuite.NewBin(), ("name", "Gold"))).Must(409);
            (await suite.Patch($"/programs/{id}", new { idleMinutes = 0 })).Must(422);
        }));
    }

    [Fact]
    public async Task A_key_opens_one_programme_and_another_request_under_it_none()
    {
        var (partner, bin, key) = (await suite.NewPartner(), PartnerSuite.NewBin(), Guid.CreateVersion7().ToString());
        var first = (await suite.OfAdmin.Post("/programs", Body(partner, bin), key)).Must(201);

        var again = (await suite.OfAdmin.Post("/programs", Body(partner, bin), key)).Must(201);

        Assert.Equal((first.Text, "true"), (again.Text, again.Header("Idempotent-Replayed")));
        (await suite.OfAdmin.Post("/programs", Body(partner, PartnerSuite.NewBin(), ("name", "Other")), key)).MustRefuse(422, "IDEMPOTENCY_KEY_REUSED");
        (await suite.OfAdmin.Post("/programs", Body(partner, bin))).MustRefuse(409, "BIN_RANGE_OVERLAP");
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from programmes where partner_id = $1", partner));
        // A refusal is not kept: the same request works once its cause is gone.
        var later = Guid.CreateVersion7().ToString();
        (await suite.OfAdmin.Post("/programs", Body(partner, PartnerSuite.NewBin()), later)).MustRefuse(409, "PROGRAM_EXISTS");
        (await suite.Patch($"/programs/{first.Id}", new { name = "Former" })).Must(200);
        (await suite.OfAdmin.Post("/programs", Body(partner, PartnerSuite.NewBin()), later)).Must(201);
    }

    private async Task<Guid> Opened(Guid partner, string name) => (await Create(partner, PartnerSuite.NewBin(), ("name", name))).Must(201).Id;

    private Task<Answer> Create(Guid partner, string range, params (string Field, object Value)[] changes) => suite.OfAdmin.Post("/programs", Body(partner, range, changes));

    private static Dictionary<string, object> Body(Guid partner, string range, params (string Field, object Value)[] changes) => BinRangeTests.Body(partner, range, changes);

    private static string? Text(Answer answer, string field) => answer[field].GetString();
}
