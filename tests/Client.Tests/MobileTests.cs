using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Antaca.Client.Tests;

/// <summary>The app's client: pairing, sessions that renew by themselves, step-ups, and every other call.</summary>
public sealed class MobileTests : IAsyncLifetime, IDisposable
{
    private const string Sessions = "/customers/sessions";
    private const string Challenges = "/customers/sessions/challenge";
    private const string Approvals = "/customers/me/approvals";
    private const string Me = "/customers/me";

    private static readonly string _card = $"/customers/me/cards/{Wire.CardId}";

    private static readonly Pairing _pairing = new()
    {
        Phone = "+48600100200",
        ActivationCode = AppSide.Code,
        DeviceId = "d-1",
        DeviceName = "Anna's phone",
        Pin = AppSide.Pin,
    };

    private readonly AppSide _suite = new();
    private readonly InMemoryKeyStore _keys = new();
    private readonly ConcurrentQueue<Exchange> _exchanges = new();
    private SuiteServer _server = null!;
    private AntacaConnection _connection = null!;
    private MobileClient _app = null!;

    public async Task InitializeAsync()
    {
        _server = await SuiteServer.Start();
        _server.Answer = _suite.Answer;
        _suite.Other = seen => seen.Path == Me ? new Say(200, Wire.User) : new Say(404);
        _connection = _server.ConnectPublicly(options => options with { Observe = _exchanges.Enqueue });
        _app = new MobileClient(_connection, _keys);
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _server.DisposeAsync();
    }

    public void Dispose() => _keys.Dispose();

    [Fact]
    public async Task Pairing_registers_both_keys_keeps_the_installation_and_begins_a_session()
    {
        var info = await _app.Pair(_pairing);

        Assert.Equal(_suite.InstallationId, info.InstallationId);
        Assert.Equal(_suite.InstallationId, await _keys.GetInstallation());
        var body = JsonNode.Parse(_server.Calls[^1].Body)!.AsObject();
        Assert.Equal((await _keys.GetSigningKey()).ToJson(), body["devicePublicKey"]!.ToJsonString());
        Assert.Equal((await _keys.GetAnswerKey()).PublicKey.Jwk.ToJson(), body["encryptionKey"]!.ToJsonString());
        Assert.Equal(
            ["activationCode", "deviceId", "deviceName", "devicePublicKey", "encryptionKey", "phone", "pin"],
            body.Select(member => member.Key).Order());

        await _app.GetProfile();
        Assert.Equal((Me, _suite.Given[0]), (_server.Calls[^1].Path, _server.Calls[^1].Token));
        Assert.Null(_server.Calls[^1].ClientName);
        Assert.Equal(0, _server.CountOf("POST", Sessions));
    }

    [Fact]
    public async Task A_refused_pairing_is_sent_once_and_keeps_nothing()
    {
        Assert.Equal("ACTIVATION_FAILED", (await Refused(() => _app.Pair(_pairing with { ActivationCode = "000000" }))).Code);
        Assert.Null(await _keys.GetInstallation());
        _suite.First = _ => Say.Problem(503, "UNAVAILABLE");
        await Refused(() => _app.Pair(_pairing));
        Assert.Equal(2, _server.CountOf("POST", "/customers/devices"));
    }

    [Fact]
    public async Task A_session_begins_by_itself_where_the_device_was_paired_before()
    {
        await _app.Pair(_pairing);
        var later = new MobileClient(_connection, _keys);
        Assert.Null(later.Token);

        await later.GetProfile();

        Assert.Equal(["/customers/devices", Challenges, Sessions, Me], _server.Calls.Select(call => call.Path));
        Assert.Equal(later.Token!.Reveal(), _server.Calls[^1].Token);
    }

    [Fact]
    public async Task An_ended_session_is_renewed_and_the_call_repeated_under_its_key()
    {
        await _app.Pair(_pairing);
        _suite.EndSessions();
        _suite.Other = _ => new Say(201, Wire.Balance);

        await _app.OpenBalance(idempotencyKey: "my-key");

        var balances = _server.Calls.Where(call => call.Path == Me + "/balances").ToArray();
        Assert.Equal(["my-key", "my-key"], balances.Select(call => call.Headers["Idempotency-Key"].ToString()));
        Assert.NotEqual(balances[0].Token, balances[1].Token);
        Assert.Equal(1, _server.CountOf("POST", Sessions));
    }

    [Fact]
    public async Task Many_calls_share_one_renewal()
    {
        const int Callers = 20;
        await _app.Pair(_pairing);
        _suite.EndSessions();
        var arrived = 0;
        var all = new TaskCompletionSource();
        // All of them are under way with the ended session before the first hears of its end.
        _server.Before = async (context, _) =>
        {
            if (context.Request.Path == Me && context.Request.Headers.Authorization.ToString().EndsWith(_suite.Given[0], StringComparison.Ordinal))
            {
                if (Interlocked.Increment(ref arrived) == Callers)
                {
                    all.SetResult();
                }
                await all.Task.WaitAsync(TimeSpan.FromSeconds(20));
            }
        };

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => _app.GetProfile()));

        Assert.Equal(Callers, arrived);
        Assert.Equal(1, _server.CountOf("POST", Sessions));
        Assert.Equal(1, _server.CountOf("POST", Challenges));
        Assert.Equal(2 * Callers, _server.CountOf("GET", Me));
    }

    [Fact]
    public async Task A_caller_who_waits_no_longer_does_not_end_the_renewal_of_the_others()
    {
        await _app.Pair(_pairing);
        _suite.EndSessions();
        using var impatient = new CancellationTokenSource();
        var renewing = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        _server.Before = async (context, _) =>
        {
            if (context.Request.Path == Challenges)
            {
                renewing.SetResult();
                await goOn.Task;
            }
        };

        var first = _app.GetProfile(impatient.Token);
        await renewing.Task;
        var second = _app.GetProfile();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        goOn.SetResult();

        await second;
        Assert.Equal(1, _server.CountOf("POST", Challenges));
    }

    [Fact]
    public async Task A_session_that_ends_again_at_once_is_the_callers_to_hear_of()
    {
        await _app.Pair(_pairing);
        _suite.First = seen => seen.Path == Me ? Say.Problem(401, "SESSION_ENDED") : null;
        Assert.Equal("SESSION_ENDED", (await Refused(() => _app.GetProfile())).Code);
        Assert.Equal((2, 1), (_server.CountOf("GET", Me), _server.CountOf("POST", Sessions)));
    }

    [Fact]
    public async Task A_renewal_whose_answer_was_lost_begins_anew_with_another_challenge()
    {
        await _app.Pair(_pairing);
        _suite.EndSessions();
        var failures = 1;
        _suite.First = seen => seen.Path == Sessions && Interlocked.Decrement(ref failures) >= 0 ? Say.Problem(503, "UNAVAILABLE") : null;

        await _app.GetProfile();

        Assert.Equal(2, _server.Calls.Where(call => call.Path == Sessions).Select(call => call.Json.GetProperty("challenge").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_renewal_that_is_refused_is_tried_again_by_the_next_call()
    {
        await _app.Pair(_pairing);
        _suite.EndSessions();
        _suite.First = seen => seen.Path == Sessions ? Say.Problem(403, "USER_LOCKED") : null;
        Assert.Equal("USER_LOCKED", (await Refused(() => _app.GetProfile())).Code);
        _suite.First = _ => null;
        await _app.GetProfile();
    }

    [Fact]
    public async Task After_logout_the_token_is_dead_and_no_session_begins_by_itself()
    {
        await _app.Pair(_pairing);
        var token = _app.Token!.Reveal();
        Assert.True(_suite.IsLive(token));

        await _app.Logout();

        Assert.False(_suite.IsLive(token));
        Assert.Null(_app.Token);
        var calls = _server.Calls.Count;
        Assert.Equal(AntacaException.NotSignedIn, (await Refused(() => _app.GetProfile())).Code);
        await _app.Logout();
        Assert.Equal(calls, _server.Calls.Count);

        await _app.SignIn();
        await _app.GetProfile();
    }

    [Fact]
    public async Task Logout_of_a_session_that_has_ended_is_done()
    {
        await _app.Pair(_pairing);
        _suite.EndSessions();
        await _app.Logout();
        Assert.Equal(1, _server.CountOf("DELETE", Me + "/session"));
        Assert.Equal(0, _server.CountOf("POST", Sessions));
    }

    [Fact]
    public async Task Signing_in_with_a_PIN_sends_it_once()
    {
        await _app.Pair(_pairing);
        var wrong = await Refused(() => _app.SignIn("111122"));
        Assert.Equal((401, "WRONG_PIN", 4), (wrong.Status, wrong.Code, wrong.TriesLeft));
        Assert.Equal(1, _server.CountOf("POST", Sessions));

        _suite.First = seen => seen.Path == Sessions ? Say.Problem(503, "UNAVAILABLE") : null;
        await Refused(() => _app.SignIn(AppSide.Pin));
        Assert.Equal(2, _server.CountOf("POST", Sessions));

        _suite.First = _ => null;
        Assert.Equal(_suite.InstallationId, (await _app.SignIn(AppSide.Pin)).InstallationId);
        Assert.Equal(AppSide.Pin, _server.Calls[^1].Json.GetProperty("pin").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_fifth_wrong_PIN_ends_the_pairing_here_too(bool byApproval)
    {
        await _app.Pair(_pairing);
        Func<Task> wrong = byApproval ? () => _app.GetCard(Wire.CardId, "111122") : () => _app.SignIn("111122");
        for (var left = 4; left > 0; left--)
        {
            Assert.Equal(left, (await Refused(wrong)).TriesLeft);
        }
        Assert.Equal("INSTALLATION_ENDED", (await Refused(wrong)).Code);

        Assert.Null(await _keys.GetInstallation());
        var calls = _server.Calls.Count;
        Assert.Equal(AntacaException.NotPaired, (await Refused(() => _app.GetProfile())).Code);
        Assert.Equal(calls, _server.Calls.Count);
    }

    [Fact]
    public async Task A_device_that_is_paired_with_nobody_sends_nothing()
    {
        Assert.Equal((0, AntacaException.NotPaired), ((await Refused(() => _app.GetProfile())) is var refusal ? (refusal.Status, refusal.Code) : default));
        Assert.Empty(_server.Calls);
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n")]
    public async Task A_token_that_is_none_is_not_taken_and_not_told(string token)
    {
        await _app.Pair(_pairing);
        _suite.EndSessions();
        _suite.First = seen => seen.Path == Sessions ? new Say(201, $$"""{"token":{{JsonSerializer.Serialize(token)}},"expiresAt":"2026-03-01T12:10:00Z"}""") : null;
        var refusal = await Refused(() => _app.GetProfile());
        Assert.Equal(AntacaException.UnexpectedAnswer, refusal.Code);
        Assert.True(token.Length == 0 || !refusal.ToString().Contains(token, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(AppSide.Pin)]
    public async Task Full_data_takes_a_step_up_that_the_caller_does_not_see(string? pin)
    {
        await _app.Pair(_pairing);

        var card = await _app.GetCard(Wire.CardId, pin);

        Assert.Equal(("5105105105105100", "123"), (card.CardNo, card.Cvv));
        var approval = _server.Calls[^2];
        Assert.Equal((Approvals, "card.reveal", Wire.CardId), (approval.Path, approval.Json.GetProperty("action").GetString(), approval.Json.GetProperty("cardId").GetGuid()));
        Assert.Equal(pin is null ? ["action", "cardId", "challenge", "signature"] : ["action", "cardId", "pin"], approval.Json.EnumerateObject().Select(member => member.Name).Order());
        AssertSealedForDevice(_server.Calls[^1]);
    }

    [Fact]
    public async Task A_wrong_PIN_for_a_step_up_is_sent_once_and_nothing_after_it()
    {
        await _app.Pair(_pairing);
        Assert.Equal(("WRONG_PIN", 4), (await Refused(() => _app.GetCard(Wire.CardId, "111122"))) is var refusal ? (refusal.Code, refusal.TriesLeft) : default);
        Assert.Equal((1, 0), (_server.CountOf("POST", Approvals), _server.CountOf("GET", _card)));
        Assert.Equal(0, _server.CountOf("POST", Sessions));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(AppSide.Pin)]
    public async Task A_session_that_ends_after_the_step_up_takes_another_step_up(string? pin)
    {
        await _app.Pair(_pairing);
        var endings = 1;
        _suite.First = seen =>
        {
            if (seen.Path == _card && Interlocked.Decrement(ref endings) >= 0)
            {
                _suite.EndSessions();
            }
            return null;
        };
        Assert.Equal("123", (await _app.GetCard(Wire.CardId, pin)).Cvv);
        Assert.Equal((2, 2, 1), (_server.CountOf("POST", Approvals), _server.CountOf("GET", _card), _server.CountOf("POST", Sessions)));
    }

    [Fact]
    public async Task Full_data_whose_answer_was_lost_takes_another_step_up()
    {
        await _app.Pair(_pairing);
        var failures = 1;
        _server.Before = (context, _) =>
        {
            if (context.Request.Path == _card && Interlocked.Decrement(ref failures) >= 0)
            {
                context.Abort();
            }
            return Task.CompletedTask;
        };
        Assert.Equal("123", (await _app.GetCard(Wire.CardId)).Cvv);
        Assert.Equal(2, _server.Calls.Where(call => call.Path == _card).Select(call => call.Headers["Approval"].ToString()).Distinct().Count());
    }

    [Fact]
    public async Task Full_data_by_PIN_is_not_repeated()
    {
        await _app.Pair(_pairing);
        _suite.First = seen => seen.Path == Approvals ? Say.Problem(503, "UNAVAILABLE") : null;
        await Refused(() => _app.GetCard(Wire.CardId, AppSide.Pin));
        Assert.Equal(1, _server.CountOf("POST", Approvals));
    }

    [Fact]
    public async Task Each_of_many_reveals_has_its_own_step_up()
    {
        await _app.Pair(_pairing);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _app.GetCard(Wire.CardId)));
        Assert.Equal(10, _server.CountOf("POST", Approvals));
    }

    [Fact]
    public async Task A_card_is_issued_to_the_devices_key()
    {
        await _app.Pair(_pairing);
        _suite.Other = _ => new Say(201, Wire.Issued);
        var card = await _app.CreateVirtualCard(Wire.BalanceId, "Anna Nowak");
        Assert.Equal("5105105105105100", card.CardNo);
        Assert.Equal(Me + "/cards/virtual", _server.Calls[^1].Path);
        Assert.Equal($$"""{"balanceId":"{{Wire.BalanceId}}","cardholderName":"Anna Nowak"}""", _server.Calls[^1].Body);
        AssertSealedForDevice(_server.Calls[^1]);
    }

    [Fact]
    public async Task An_answer_for_the_connections_key_does_not_do()
    {
        await _app.Pair(_pairing);
        var payload = Jose.Jwe.Seal("{}"u8, Keys.Answers.PublicKey);
        _suite.First = seen => seen.Path == _card ? new Say(200, $$"""{"payload":"{{payload}}"}""") { Raw = true } : null;
        Assert.Equal(AntacaException.UnexpectedAnswer, (await Refused(() => _app.GetCard(Wire.CardId))).Code);
    }

    [Fact]
    public async Task Registering_is_sent_once_without_a_session()
    {
        _suite.First = _ => new Say(202, """{"status":"CodeSent","expiresAt":"2026-03-01T12:10:00Z"}""");
        var registration = new Registration
        {
            ProgramId = Wire.CardId,
            Phone = "+48600100200",
            Email = "a@example.com",
            FirstName = "Anna",
            LastName = "Nowak",
            BirthDate = new DateOnly(1990, 5, 17),
            Nationality = "PL",
            Address = new Address("Prosta 1", "Warszawa", "00-001", "PL"),
            DeliverBy = CodeDelivery.Email,
        };
        Assert.Equal("CodeSent", (await _app.Register(registration)).Status);
        Assert.Equal("Email", _server.Calls[^1].Json.GetProperty("deliverBy").GetString());
        Assert.Null(_server.Calls[^1].Token);
        _suite.First = _ => Say.Problem(503, "UNAVAILABLE");
        await Refused(() => _app.Register(registration));
        Assert.Equal(2, _server.Calls.Count);
        Assert.DoesNotContain("Nowak", registration.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Removing_this_device_ends_its_pairing()
    {
        await _app.Pair(_pairing);
        _suite.Other = _ => new Say(204);
        await _app.RemoveDevice(Wire.UserId);
        Assert.NotNull(await _keys.GetInstallation());
        await _app.RemoveDevice(_suite.InstallationId);
        Assert.Equal(("DELETE", $"/customers/me/devices/{_suite.InstallationId}"), (_server.Calls[^1].Method, _server.Calls[^1].Path));
        Assert.Null(await _keys.GetInstallation());
    }

    [Fact]
    public async Task Every_other_call()
    {
        await _app.Pair(_pairing);
        await Calls(Wire.PageOf(Wire.Device), () => _app.ListDevices(), "GET /customers/me/devices");
        await Calls(Wire.User, () => _app.UpdateProfile(new ProfileChange { Phone = "+48600100201" }), "PATCH /customers/me", """{"phone":"\u002B48600100201"}""");
        await Calls(Wire.Balance, () => _app.OpenBalance("EUR"), "POST /customers/me/balances", """{"currency":"EUR"}""");
        await Calls(Wire.PageOf(Wire.Balance), () => _app.ListBalances(after: "x"), "GET /customers/me/balances?limit=50&after=x");
        await Calls(Wire.Balance, () => _app.GetBalance(Wire.BalanceId), $"GET /customers/me/balances/{Wire.BalanceId}");
        await Calls(Wire.PageOf(Wire.Transaction), () => _app.ListTransactions(Wire.BalanceId, limit: 3), $"GET /customers/me/balances/{Wire.BalanceId}/transactions?limit=3");
        await Calls(Wire.History, () => _app.GetTransaction(Wire.BalanceId, Wire.CardId), $"GET /customers/me/balances/{Wire.BalanceId}/transactions/{Wire.CardId}");
        await Calls(
            Wire.Statement,
            () => _app.GetStatement(Wire.BalanceId, new DateOnly(2026, 11, 1), limit: 3),
            $"GET /customers/me/balances/{Wire.BalanceId}/statement?month=2026-11&limit=3");
        await Calls(Wire.PageOf(Wire.Card), () => _app.ListCards(), "GET /customers/me/cards?limit=50");
        await Calls(Wire.Card, () => _app.GetCardSummary(Wire.CardId), $"GET {_card}/summary");
        await Calls(Wire.Card, () => _app.LockCard(Wire.CardId, LockCode.Lost), $"POST {_card}/lock", """{"code":1}""");
        await Calls(
            Wire.Card,
            () => _app.LockCard(Wire.CardId, LockCode.Replaced, Wire.UserId),
            $"POST {_card}/lock",
            $$"""{"code":8,"replacedBy":"{{Wire.UserId}}"}""");
        await Calls(Wire.Card, () => _app.UnlockCard(Wire.CardId), $"POST {_card}/unlock");
        await Calls(Wire.Controls, () => _app.SetCardControls(Wire.CardId, Wire.SpendControls), $"PUT {_card}/controls", Wire.SpendControlsBody);
        await Calls(Wire.Controls, () => _app.GetCardControls(Wire.CardId), $"GET {_card}/controls");
        await Calls(Wire.Plastic, () => _app.ActivateCard(Wire.CardId), $"POST {_card}/activate");
        await Calls(Wire.Pending, () => _app.RequestVirtualCard(Wire.BalanceId), "POST /customers/me/cards/virtual/async", $$"""{"balanceId":"{{Wire.BalanceId}}"}""");
        await Calls(Wire.Done, () => _app.WaitForCard(Wire.UserId), $"GET /customers/me/cards/requests/{Wire.UserId}");
        await Calls(Wire.Order, () => _app.GetOrder(Wire.UserId), $"GET /customers/me/cards/orders/{Wire.UserId}");
    }

    [Fact]
    public async Task Plastic_is_ordered_linked_and_printed_under_the_devices_key()
    {
        await _app.Pair(_pairing);
        await Calls(Wire.OrderTaken, () => _app.OrderPhysicalCard(Wire.NewPhysicalCard), "POST /customers/me/cards/physical", Wire.NewPhysicalCardBody);
        AssertSealedForDevice(_server.Calls[^1]);
        await Calls(
            Wire.Plastic,
            () => _app.LinkCard("5105105105105100", new DateOnly(2029, 11, 30), Wire.BalanceId),
            "POST /customers/me/cards/link",
            $$"""{"cardNo":"5105105105105100","exp":"2029-11-30","balanceId":"{{Wire.BalanceId}}"}""");
        AssertSealedForDevice(_server.Calls[^1]);
        await Calls(Wire.OrderTaken, () => _app.PrintCard(Wire.CardId, Wire.Address), $"POST {_card}/print", Wire.AddressBody);
        AssertSealedForDevice(_server.Calls[^1]);
    }

    [Fact]
    public async Task Removing_a_card()
    {
        await _app.Pair(_pairing);
        _suite.Other = _ => new Say(204);
        await _app.RemoveCard(Wire.CardId);
        Assert.Equal(("DELETE", _card), (_server.Calls[^1].Method, _server.Calls[^1].Path));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(AppSide.Pin)]
    public async Task A_new_CVV_and_a_new_PIN_take_step_ups_of_their_own(string? pin)
    {
        await _app.Pair(_pairing);

        Assert.Equal("123", (await _app.ResetCvv(Wire.CardId, pin)).Cvv);
        Assert.Equal((_card + "/cvv", ""), (_server.Calls[^1].Path, _server.Calls[^1].Body));
        Assert.Equal("card.reveal", _server.Calls[^2].Json.GetProperty("action").GetString());
        AssertSealedForDevice(_server.Calls[^1]);

        Assert.Equal(Wire.CardId, (await _app.SetPin(Wire.CardId, "7391", pin)).Id);
        Assert.Equal((_card + "/pin", """{"pin":"7391"}"""), (_server.Calls[^1].Path, _server.Calls[^1].Body));
        Assert.Equal("card.pin", _server.Calls[^2].Json.GetProperty("action").GetString());
        AssertSealedForDevice(_server.Calls[^1]);
        Assert.Equal((pin is null, pin is not null), (_server.Calls[^2].Json.TryGetProperty("signature", out _), _server.Calls[^2].Json.TryGetProperty("pin", out _)));
    }

    [Theory]
    [InlineData("cvv")]
    [InlineData("pin")]
    public async Task A_change_whose_answer_was_lost_takes_another_step_up_and_the_same_key(string what)
    {
        await _app.Pair(_pairing);
        var failures = 1;
        _server.Before = (context, _) =>
        {
            if (context.Request.Path == $"{_card}/{what}" && Interlocked.Decrement(ref failures) >= 0)
            {
                context.Abort();
            }
            return Task.CompletedTask;
        };

        await (what == "cvv" ? (Task)_app.ResetCvv(Wire.CardId, idempotencyKey: "key-1") : _app.SetPin(Wire.CardId, "7391", idempotencyKey: "key-1"));

        var calls = _server.Calls.Where(call => call.Path == $"{_card}/{what}").ToArray();
        Assert.Equal(["key-1", "key-1"], calls.Select(call => call.Headers["Idempotency-Key"].ToString()));
        Assert.Equal(2, calls.Select(call => call.Headers["Approval"].ToString()).Distinct().Count());
    }

    [Theory]
    [InlineData("cvv")]
    [InlineData("pin")]
    public async Task A_change_by_PIN_is_not_repeated(string what)
    {
        await _app.Pair(_pairing);
        _suite.First = seen => seen.Path == $"{_card}/{what}" ? Say.Problem(503, "UNAVAILABLE") : null;
        await Refused(() => what == "cvv" ? _app.ResetCvv(Wire.CardId, AppSide.Pin) : _app.SetPin(Wire.CardId, "7391", AppSide.Pin));
        Assert.Equal((1, 1), (_server.CountOf("POST", Approvals), _server.CountOf("POST", $"{_card}/{what}")));
    }

    [Fact]
    public async Task A_wrong_PIN_changes_nothing()
    {
        await _app.Pair(_pairing);
        Assert.Equal("WRONG_PIN", (await Refused(() => _app.SetPin(Wire.CardId, "7391", "111122"))).Code);
        Assert.Equal("WRONG_PIN", (await Refused(() => _app.ResetCvv(Wire.CardId, "111122"))).Code);
        Assert.Equal((0, 0), (_server.CountOf("POST", _card + "/pin"), _server.CountOf("POST", _card + "/cvv")));
    }

    [Fact]
    public async Task No_secret_is_printed_or_told()
    {
        await _app.Pair(_pairing);
        await _app.GetCard(Wire.CardId);
        await _app.ResetCvv(Wire.CardId);
        await _app.SetPin(Wire.CardId, "7391");
        var wrong = await Refused(() => _app.GetCard(Wire.CardId, "111122"));
        _suite.First = _ => new Say(200, "[]");
        var odd = await Refused(() => _app.GetProfile());

        var told = string.Join('\n', _exchanges.Select(exchange => exchange.ToString())) + wrong + odd + _app + _app.Token + _pairing
            + new Call(HttpMethod.Get, "customers/me") { Session = _app.Token, Approval = _suite.Given[^1] };

        Assert.Contains("***", told, StringComparison.Ordinal);
        Assert.All([.. _suite.Given, AppSide.Pin, "111122", "7391", AppSide.Code, "5105105105105100"], secret => Assert.DoesNotContain(secret, told, StringComparison.Ordinal));
    }

    private void AssertSealedForDevice(Seen call)
    {
        Assert.True(call.Encrypted);
        Assert.True(Jose.RsaPublicKey.TryParse(call.Headers["Public-Key"], out var key));
        using (key)
        {
            Assert.Equal(_suite.EncryptionKey, key.Jwk);
        }
    }

    private async Task Calls<T>(string answer, Func<Task<T>> call, string methodAndPath, string body = "")
    {
        _suite.Other = _ => new Say(200, answer);
        Assert.NotNull(await call());
        var seen = _server.Calls[^1];
        Assert.Equal((methodAndPath, body), ($"{seen.Method} {seen.Path}", seen.Body));
        Assert.Equal(methodAndPath.StartsWith("POST", StringComparison.Ordinal), seen.Headers.ContainsKey("Idempotency-Key"));
    }

    private static async Task<AntacaException> Refused(Func<Task> call) => await Assert.ThrowsAsync<AntacaException>(call);
}
