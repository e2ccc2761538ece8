using System.Collections.Concurrent;
using System.Diagnostics;

namespace Antaca.Client.Tests;

/// <summary>Refusals, repeats and encryption, whatever the call.</summary>
public sealed class TransportTests : IAsyncLifetime
{
    private SuiteServer _server = null!;
    private AntacaConnection _connection = null!;

    private AntacaClient Partner => new(_connection);

    public async Task InitializeAsync()
    {
        _server = await SuiteServer.Start();
        _connection = _server.Connect();
    }

    public async Task DisposeAsync()
    {
        _connection.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_problem_becomes_an_exception_with_its_parts()
    {
        _server.Answer = (_, _) => new Say(
            422,
            """{"title":"Bad.","status":422,"detail":"Some fields.","code":"VALIDATION_FAILED","traceId":"abc","errors":{"phone":["is required","is bad"]}}""")
        {
            ContentType = "application/problem+json",
        };
        var refusal = await Refused(() => Partner.CreateUser(Wire.NewUser));
        Assert.Equal((422, "VALIDATION_FAILED", "Some fields.", "abc"), (refusal.Status, refusal.Code, refusal.Detail, refusal.TraceId));
        Assert.Equal(["is required", "is bad"], refusal.Errors["phone"]);
        Assert.Single(_server.Calls);
    }

    [Theory]
    [InlineData(500, "text/html", "<html>")]
    [InlineData(404, "application/problem+json", "not json")]
    [InlineData(403, "application/json", "{}")]
    [InlineData(307, "text/plain", "")]
    public async Task An_error_of_something_else_is_told_by_its_status(int status, string type, string body)
    {
        _server.Answer = (_, _) => new Say(status, body) { ContentType = type, Headers = [("Trace-Id", "t-9"), ("Location", "https://localhost/elsewhere")] };
        var refusal = await Refused(() => Partner.GetUser(Wire.UserId));
        Assert.Equal((status, $"HTTP_{status}", "t-9"), (refusal.Status, refusal.Code, refusal.TraceId));
        Assert.Single(_server.Calls);
    }

    [Theory]
    [InlineData(429, "RATE_LIMITED")]
    [InlineData(502, "BAD_GATEWAY")]
    [InlineData(503, "UNAVAILABLE")]
    [InlineData(504, "AUTHORIZATION_TIMEOUT")]
    [InlineData(409, "IDEMPOTENCY_IN_PROGRESS")]
    public async Task What_may_pass_is_tried_again_under_the_same_key(int status, string code)
    {
        _server.Answer = (_, number) => number < 2 ? Say.Problem(status, code) : new Say(201, Wire.User);
        Assert.Equal(Wire.UserId, (await Partner.CreateUser(Wire.NewUser)).Id);
        Assert.Equal(3, _server.Calls.Count);
        Assert.Single(_server.Calls.Select(call => call.Headers["Idempotency-Key"].ToString()).Distinct());
        Assert.Single(_server.Calls.Select(call => call.Body).Distinct());
    }

    [Theory]
    [InlineData(400, "MALFORMED")]
    [InlineData(404, "USER_NOT_FOUND")]
    [InlineData(409, "USER_EXISTS")]
    [InlineData(422, "IDEMPOTENCY_KEY_REUSED")]
    [InlineData(500, "INTERNAL")]
    public async Task What_will_not_pass_is_not_tried_again(int status, string code)
    {
        _server.Answer = (_, _) => Say.Problem(status, code);
        Assert.Equal(code, (await Refused(() => Partner.CreateUser(Wire.NewUser))).Code);
        Assert.Single(_server.Calls);
    }

    [Fact]
    public async Task Tries_are_bounded()
    {
        _server.Answer = (_, _) => Say.Problem(503, "UNAVAILABLE");
        var refusal = await Refused(() => Partner.GetUser(Wire.UserId));
        Assert.Equal((503, "UNAVAILABLE"), (refusal.Status, refusal.Code));
        Assert.Equal(4, _server.Calls.Count);
    }

    [Fact]
    public async Task Retry_after_is_kept()
    {
        _server.Answer = (_, number) => number == 0 ? Say.Problem(429, "RATE_LIMITED", ("Retry-After", "1")) : new Say(200, Wire.User);
        var since = Stopwatch.GetTimestamp();
        await Partner.GetUser(Wire.UserId);
        Assert.True(Stopwatch.GetElapsedTime(since).TotalSeconds >= 1);
        Assert.Equal(2, _server.Calls.Count);
    }

    [Fact]
    public async Task A_long_retry_after_is_left_to_the_caller()
    {
        _server.Answer = (_, _) => Say.Problem(429, "RATE_LIMITED", ("Retry-After", "3600"));
        Assert.Equal(TimeSpan.FromHours(1), (await Refused(() => Partner.GetUser(Wire.UserId))).RetryAfter);
        Assert.Single(_server.Calls);
    }

    [Fact]
    public async Task A_broken_connection_is_tried_again_under_the_same_key()
    {
        _server.Before = (context, number) =>
        {
            if (number == 0)
            {
                context.Abort();
            }
            return Task.CompletedTask;
        };
        _server.Answer = (_, _) => new Say(201, Wire.Transaction);
        await Partner.Reload(Wire.UserId, Wire.BalanceId, new Money(50000, "PLN"), "first", "my-key");
        Assert.Equal(["my-key", "my-key"], _server.Calls.Select(call => call.Headers["Idempotency-Key"].ToString()));
    }

    [Fact]
    public async Task No_answer_in_time_is_an_exception_after_all_tries()
    {
        var tries = 0;
        using var connection = _server.Connect(options => options with
        {
            AttemptTimeout = TimeSpan.FromMilliseconds(500),
            MaxAttempts = 2,
            Observe = _ => Interlocked.Increment(ref tries),
        });
        _server.Before = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        var refusal = await Refused(() => new AntacaClient(connection).GetUser(Wire.UserId));
        Assert.Equal((0, AntacaException.NoAnswer), (refusal.Status, refusal.Code));
        Assert.Equal(2, tries);
    }

    [Fact]
    public async Task Nobody_there_is_an_exception_after_all_tries()
    {
        var tries = 0;
        using var connection = _server.Connect(options => options with { MaxAttempts = 2, Observe = _ => Interlocked.Increment(ref tries) });
        await _server.DisposeAsync();
        Assert.Equal(AntacaException.NoAnswer, (await Refused(() => new AntacaClient(connection).GetUser(Wire.UserId))).Code);
        Assert.Equal(2, tries);
    }

    [Fact]
    public async Task Cancelling_ends_the_call()
    {
        using var cancel = new CancellationTokenSource();
        _server.Before = async (context, _) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Partner.GetUser(Wire.UserId, cancel.Token));
        Assert.Single(_server.Calls);
    }

    [Fact]
    public async Task A_server_of_another_authority_is_not_talked_to()
    {
        using var foreign = SuiteServer.Certificate("another CA", issuer: null);
        await using var server = await SuiteServer.Start(foreign);
        var tries = 0;
        using var connection = server.Connect(options => options with { Observe = _ => Interlocked.Increment(ref tries) });
        Assert.Equal(AntacaException.NoAnswer, (await Refused(() => new AntacaClient(connection).GetUser(Wire.UserId))).Code);
        Assert.Empty(server.Calls);
        Assert.Equal(1, tries);
    }

    [Fact]
    public async Task An_answer_past_the_limit_is_not_read()
    {
        _server.Answer = (_, _) => new Say(200, new string(' ', AntacaConnection.MaxAnswerBytes + 1));
        Assert.Equal(AntacaException.NoAnswer, (await Refused(() => Partner.GetUser(Wire.UserId))).Code);
        Assert.Single(_server.Calls);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("5105105105105100")]
    [InlineData("""{"id":"5105105105105100"}""")]
    [InlineData("")]
    public async Task An_answer_outside_the_contract_is_an_exception_that_does_not_quote_it(string body)
    {
        _server.Answer = (_, _) => new Say(200, body);
        var refusal = await Refused(() => Partner.GetCard(Wire.UserId, Wire.CardId));
        Assert.Equal(AntacaException.UnexpectedAnswer, refusal.Code);
        Assert.DoesNotContain("5105105105105100", refusal.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("line\nbreak")]
    [InlineData("zażółć")]
    public async Task An_idempotency_key_that_cannot_travel_is_the_callers_fault(string key) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Partner.CreateUser(Wire.NewUser, key));

    [Fact]
    public async Task Exchanges_are_told_to_the_observer()
    {
        var told = new ConcurrentQueue<Exchange>();
        using var connection = _server.Connect(options => options with { Observe = told.Enqueue });
        _server.Answer = (_, number) => number == 0 ? Say.Problem(503, "UNAVAILABLE") : new Say(200, Wire.Secrets) { Headers = [("Trace-Id", "t-2")] };
        await new AntacaClient(connection).GetCard(Wire.UserId, Wire.CardId);
        var path = $"/secure/customers/{Wire.UserId}/cards/{Wire.CardId}";
        Assert.Equal(
            [("/secure/public-key", false, 200, null, 1), (path, true, 503, null, 1), (path, true, 200, "t-2", 2)],
            told.Select(exchange => (exchange.Path, exchange.Encrypted, exchange.Status, exchange.TraceId, exchange.Attempt)));
    }

    [Fact]
    public async Task The_suites_key_is_fetched_once_for_many_calls()
    {
        _server.Answer = (_, _) => new Say(200, Wire.Secrets);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Partner.GetCard(Wire.UserId, Wire.CardId)));
        await Partner.GetCard(Wire.UserId, Wire.CardId);
        Assert.Equal(11, _server.Calls.Count);
        Assert.Equal(1, _server.KeyFetches);
    }

    [Fact]
    public async Task A_rotated_key_is_fetched_again_once()
    {
        _server.Answer = (_, _) => new Say(201, Wire.Issued);
        await Partner.CreateVirtualCard(Wire.UserId, Wire.BalanceId);
        _server.Key = Keys.Second;
        await Partner.CreateVirtualCard(Wire.UserId, Wire.BalanceId);
        Assert.Equal(2, _server.KeyFetches);
        Assert.Equal(3, _server.Calls.Count);
        Assert.Equal(_server.Calls[1].Headers["Idempotency-Key"], _server.Calls[2].Headers["Idempotency-Key"]);
    }

    [Fact]
    public async Task A_key_that_does_not_open_twice_is_an_exception()
    {
        _server.Answer = (_, _) => Say.Problem(400, "CANT_DECRYPT_PAYLOAD");
        Assert.Equal("CANT_DECRYPT_PAYLOAD", (await Refused(() => Partner.CreateVirtualCard(Wire.UserId, Wire.BalanceId))).Code);
        Assert.Equal(2, _server.Calls.Count);
        Assert.Equal(2, _server.KeyFetches);
    }

    [Fact]
    public async Task A_key_that_is_not_the_one_its_kid_names_is_not_used()
    {
        _server.ToldKid = Keys.Second.Kid;
        Assert.Equal(AntacaException.UnexpectedAnswer, (await Refused(() => Partner.GetCard(Wire.UserId, Wire.CardId))).Code);
        Assert.Empty(_server.Calls);

        _server.ToldKid = null;
        _server.Answer = (_, _) => new Say(200, Wire.Secrets);
        await Partner.GetCard(Wire.UserId, Wire.CardId);
    }

    [Fact]
    public async Task An_unsealed_answer_to_an_encrypted_call_is_refused()
    {
        _server.Answer = (_, _) => new Say(200, Wire.Secrets) { Raw = true };
        Assert.Equal(AntacaException.UnexpectedAnswer, (await Refused(() => Partner.GetCard(Wire.UserId, Wire.CardId))).Code);
    }

    [Fact]
    public async Task An_answer_sealed_for_another_is_refused()
    {
        var payload = Jose.Jwe.Seal("{}"u8, Keys.Second.PublicKey);
        _server.Answer = (_, _) => new Say(200, $$"""{"payload":"{{payload}}"}""") { Raw = true };
        Assert.Equal(AntacaException.UnexpectedAnswer, (await Refused(() => Partner.GetCard(Wire.UserId, Wire.CardId))).Code);
    }

    [Fact]
    public async Task A_connection_makes_an_answer_key_where_none_is_given()
    {
        using var connection = _server.Connect(options => options with { AnswerKey = null });
        _server.Answer = (_, _) => new Say(200, Wire.Secrets);
        Assert.Equal("123", (await new AntacaClient(connection).GetCard(Wire.UserId, Wire.CardId)).Cvv);
        Assert.NotEqual(Keys.Answers.PublicKey.ToHeader(), _server.Calls[^1].Headers["Public-Key"].ToString());
    }

    [Fact]
    public async Task Credentials_are_read_from_pem_files()
    {
        var folder = Directory.CreateTempSubdirectory("antaca-client-");
        try
        {
            string Write(string name, string text)
            {
                var file = Path.Combine(folder.FullName, name);
                File.WriteAllText(file, text);
                return file;
            }
            using var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(SuiteServer.Partner)!;
            var options = AntacaConnectionOptions.FromPem(
                _server.Address,
                Write("partner.pem", SuiteServer.Partner.ExportCertificatePem()),
                Write("partner.key", key.ExportPkcs8PrivateKeyPem()),
                Write("ca.pem", SuiteServer.Authority.ExportCertificatePem()));
            using var connection = new AntacaConnection(options);
            _server.Answer = (_, _) => new Say(200, Wire.User);
            await new AntacaClient(connection).GetUser(Wire.UserId);
            Assert.Equal("test-partner", _server.Calls[^1].ClientName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Plain_http_is_not_spoken() => Assert.Throws<ArgumentException>(() => _server.Connect(options => options with { Address = new Uri("http://localhost:1") }));

    private static async Task<AntacaException> Refused<T>(Func<Task<T>> call) => await Assert.ThrowsAsync<AntacaException>(call);
}
