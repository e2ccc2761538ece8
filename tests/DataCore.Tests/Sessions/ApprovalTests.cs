using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Sessions;

public sealed class ApprovalTests(DataCoreAlone suite) : IClassFixture<DataCoreAlone>
{
    private readonly Api _cardService = suite.Neighbour("cardservice", "datacore");

    [Fact]
    public async Task Approved_by_PIN_or_by_the_device_a_card_is_revealed_once()
    {
        using var app = await App.Paired(suite);
        var card = await NewCard();
        var me = await app.SignedIn();
        var challenge = await app.Challenge();
        var byPin = (await me.Post("/approvals", new { action = "card.reveal", cardId = card, pin = App.Pin })).Must(201);
        var byDevice = (await me.Post("/approvals", new { action = "card.reveal", cardId = card, challenge, signature = app.Sign(challenge) })).Must(201);

        foreach (var approval in new[] { byPin, byDevice }.Select(answer => answer["approval"].GetString()!))
        {
            Assert.Equal(1, await suite.Count("approvals where hash = $1 and used_at is null and expires_at = created_at + interval '60 seconds'", App.TokenHash(approval)));
            (await Reveal(card, app.InstallationId, approval)).Must(200);
            (await Reveal(card, app.InstallationId, approval)).MustRefuse(403, "APPROVAL_REQUIRED");
            Assert.Equal(1, await suite.Count("approvals where hash = $1 and used_at is not null", App.TokenHash(approval)));
        }
        Assert.Equal(2, await suite.Owed("Audited", "CreateApproval", $"card:{card}", $"user:{app.User.UserId}"));
    }

    [Fact]
    public async Task An_approval_of_another_card_action_or_installation_opens_nothing_and_stays_unused()
    {
        using var app = await App.Paired(suite);
        using var other = await App.Paired(suite, app.User);
        var (card, otherCard) = (await NewCard(), await NewCard());
        var approval = await Approve(app, card);
        var forPin = await Approve(app, card, "card.pin");

        (await Reveal(otherCard, app.InstallationId, approval)).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reveal(card, other.InstallationId, approval)).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reveal(card, app.InstallationId, forPin)).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reveal(card, app.InstallationId, "")).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reveal(card, app.InstallationId, "made up")).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reveal(Guid.CreateVersion7(), app.InstallationId, approval)).MustRefuse(404, "CARD_NOT_FOUND");

        (await Reveal(card, app.InstallationId, approval)).Must(200);
    }

    [Fact]
    public async Task An_approval_expires_and_ends_with_its_session()
    {
        using var app = await App.Paired(suite);
        var card = await NewCard();
        var late = await Approve(app, card);
        await suite.Run("update approvals set expires_at = expires_at - interval '61 seconds' where hash = $1", App.TokenHash(late));
        var session = await app.CallerOf((await app.Login()).Must(201));
        var me = suite.As(session, "datacore");
        var ended = (await me.Post("/approvals", new { action = "card.reveal", cardId = card, pin = App.Pin })).Must(201)["approval"].GetString()!;
        Assert.Equal(204, (await me.Delete("/sessions/mine")).Status);

        (await Reveal(card, app.InstallationId, late)).MustRefuse(403, "APPROVAL_REQUIRED");
        (await Reveal(card, app.InstallationId, ended)).MustRefuse(403, "APPROVAL_REQUIRED");
        (await me.Post("/approvals", new { action = "card.reveal", cardId = card, pin = App.Pin })).MustRefuse(401, "SESSION_ENDED");
    }

    [Fact]
    public async Task One_approval_twice_at_once_reveals_once()
    {
        using var app = await App.Paired(suite);
        var card = await NewCard();
        var approval = await Approve(app, card);

        var answers = await Races.AtOnce(
            suite.Database("datacore"),
            $"select hash from approvals where installation_id = '{app.InstallationId}' for update",
            waiters: 2,
            () => Reveal(card, app.InstallationId, approval),
            () => Reveal(card, app.InstallationId, approval));

        Assert.Equal([200, 403], answers.Select(answer => answer.Status).Order());
    }

    [Fact]
    public async Task One_challenge_twice_at_once_approves_once()
    {
        using var app = await App.Paired(suite);
        var me = await app.SignedIn();
        var challenge = await app.Challenge();
        var request = new { action = "card.reveal", cardId = Guid.CreateVersion7(), challenge, signature = app.Sign(challenge) };

        var answers = await Races.AtOnce(
            suite.Database("datacore"),
            $"select hash from challenges where installation_id = '{app.InstallationId}' for update",
            waiters: 2,
            () => me.Post("/approvals", request),
            () => me.Post("/approvals", request));

        Assert.Equal([201, 401], answers.Select(answer => answer.Status).Order());
        Assert.Equal(1, await suite.Count("approvals where installation_id = $1", app.InstallationId));
    }

    [Fact]
    public async Task Wrong_PINs_of_logins_and_approvals_are_counted_together()
    {
        using var app = await App.Paired(suite);
        var me = await app.SignedIn();
        var request = new { action = "card.reveal", cardId = Guid.CreateVersion7(), pin = "9999" };
        (await app.Login("9999")).MustRefuse(401, "WRONG_PIN");
        for (var left = 3; left > 0; left--)
        {
            Assert.Equal(left, (await me.Post("/approvals", request)).MustRefuse(401, "WRONG_PIN")["triesLeft"].GetInt32());
        }

        (await me.Post("/approvals", request)).MustRefuse(401, "INSTALLATION_ENDED");

        Assert.Equal(2, await suite.Owed("SessionEnded", app.InstallationId.ToString(), "PinTries"));
        Assert.Equal(0, await suite.Count("approvals where installation_id = $1", app.InstallationId));
    }

    [Fact]
    public async Task Another_devices_signature_and_another_installations_challenge_approve_nothing()
    {
        using var app = await App.Paired(suite);
        using var thief = await App.Paired(suite);
        var me = await app.SignedIn();
        var challenge = await app.Challenge();
        var theirs = await thief.Challenge();

        (await me.Post("/approvals", new { action = "card.reveal", cardId = Guid.CreateVersion7(), challenge, signature = thief.Sign(challenge) })).MustRefuse(401, "LOGIN_FAILED");
        (await me.Post("/approvals", new { action = "card.reveal", cardId = Guid.CreateVersion7(), challenge = theirs, signature = app.Sign(theirs) })).MustRefuse(401, "LOGIN_FAILED");
    }

    [Fact]
    public async Task Exactly_one_of_PIN_and_signature_for_a_known_action()
    {
        using var app = await App.Paired(suite);
        var me = await app.SignedIn();
        var cardId = Guid.CreateVersion7();

        (await me.Post("/approvals", new { action = "card.reveal", cardId })).MustRefuse(422, "VALIDATION_FAILED");
        (await me.Post("/approvals", new { action = "card.reveal", cardId, pin = App.Pin, challenge = "x", signature = "y" })).MustRefuse(422, "VALIDATION_FAILED");
        (await me.Post("/approvals", new { action = "card.reveal", cardId, challenge = "x" })).MustRefuse(422, "VALIDATION_FAILED");
        (await me.Post("/approvals", new { action = "card.remove", cardId, pin = App.Pin })).MustRefuse(422, "VALIDATION_FAILED");
        (await suite.As(app.User.Caller, "datacore").Post("/approvals", new { action = "card.reveal", cardId, pin = App.Pin })).MustRefuse(403, "FORBIDDEN");
    }

    [Fact]
    public async Task A_partners_reveal_needs_no_approval_and_every_reveal_is_on_record()
    {
        var card = await NewCard();
        var (partner, user) = (TestUsers.SandboxPartner, Guid.CreateVersion7());
        var binding = $"partner:{partner}|{user}|";
        var revealed = (await _cardService.Post("/internal/vault/cards/reveal", new { cardId = card, partnerId = partner, binding })).Must(200);
        var references = new[] { revealed["cardNo"], revealed["cvv"] };
        var gateway = suite.Neighbour("gateway", "datacore");

        (await gateway.Post("/internal/vault/resolve", new { binding, cardId = card, references })).Must(200);
        (await gateway.Post("/internal/vault/resolve", new { binding, cardId = card, references })).MustRefuse(409, "REFERENCE_INVALID");

        Assert.Equal(1, await suite.Owed("Audited", "\"RevealCard\"", $"card:{card}", $"\"partner:{partner}\"", user.ToString(), "\"Secure\""));
    }

    private static async Task<string> Approve(App app, Guid cardId, string action = "card.reveal") =>
        (await (await app.SignedIn()).Post("/approvals", new { action, cardId, pin = App.Pin })).Must(201)["approval"].GetString()!;

    private Task<Answer> Reveal(Guid cardId, Guid installationId, string approval) =>
        _cardService.Post("/internal/vault/cards/reveal", new { cardId, partnerId = TestUsers.SandboxPartner, binding = "test", approval = new { installationId, approval } });

    private async Task<Guid> NewCard()
    {
        var cardId = Guid.CreateVersion7();
        (await _cardService.Post("/internal/vault/cards", new
        {
            cardId,
            partnerId = TestUsers.SandboxPartner,
            programId = TestUsers.SandboxProgram,
            expiry = "2029-11-30",
            binding = "test",
        })).Must(200);
        return cardId;
    }
}
