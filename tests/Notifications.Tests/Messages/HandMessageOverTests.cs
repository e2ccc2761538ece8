using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using Xunit;

namespace Antaca.Notifications.Tests.Messages;

/// <summary>Notifications with a mail server and a text-message gateway of its own in the place of the folder.</summary>
public sealed class SuiteWithCarriers : TestKit.Suite
{
    public SuiteWithCarriers()
    {
        Without.UnionWith(["kycservice", "balanceservice", "cardservice", "gateway"]);
    }

    public SmtpServer Smtp { get; } = new() { Login = ("antaca", "s3cret-of-mail") };

    public SmsReceiver Sms { get; private set; } = null!;

    public Api Messages { get; private set; } = null!;

    protected override async Task Given()
    {
        Sms = await SmsReceiver.Start();
        await Stop("notifications");
        Settings["notifications"] =
        [
            "--Messages:Folder=",
            "--Mail:Host=127.0.0.1",
            $"--Mail:Port={Smtp.Port}",
            "--Mail:Security=None",
            "--Mail:From=Antaca <cards@bank.example>",
            "--Mail:UserName=antaca",
            "--Mail:Password=s3cret-of-mail",
            $"--Sms:Url={Sms.Address}",
            "--Sms:Token=token-of-sms",
        ];
        await Start("notifications");
        Messages = Neighbour("datacore", "notifications");
    }

    public async Task<string?> Row(Guid id)
    {
        await using var row = Database("notifications").CreateCommand($"select concat_ws(' ', carrier, template, to_masked, outcome, tries) from messages where id = '{id}'");
        return (string?)await row.ExecuteScalarAsync();
    }
}

public sealed class HandMessageOverTests(SuiteWithCarriers suite) : IClassFixture<SuiteWithCarriers>
{
    private const string Number = "+48600100200";

    [Fact]
    public async Task An_e_mail_reaches_the_mail_server()
    {
        var message = Message("Email", "zoe@example.com", new { code = "482913", minutes = "10" });

        (await suite.Messages.Post("/internal/messages", message)).Must(200);

        var mail = Assert.Single(suite.Smtp.Mails, mail => mail.To.Contains("zoe@example.com"));
        Assert.Equal("cards@bank.example", mail.From);
        Assert.Contains("Subject: Your activation code\n", mail.Text, StringComparison.Ordinal);
        Assert.Contains("To: zoe@example.com\n", mail.Text, StringComparison.Ordinal);
        Assert.Contains($"Message-Id: <{message["id"]}@antaca>", mail.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Your activation code is 482913. It works for 10 minutes", mail.Text, StringComparison.Ordinal);
        Assert.Equal("Email ActivationCode z***@example.com Sent 1", await suite.Row((Guid)message["id"]));
    }

    [Fact]
    public async Task A_text_message_reaches_the_gateway_with_our_token()
    {
        var message = Message("Sms", "+48600100201", new { code = "730042", minutes = "10" });

        (await suite.Messages.Post("/internal/messages", message)).Must(200);

        var received = Assert.Single(suite.Sms.Messages, received => received.To == "+48600100201");
        Assert.Contains("730042", received.Text, StringComparison.Ordinal);
        Assert.Equal("Bearer token-of-sms", received.Authorization);
        Assert.Equal(message["id"].ToString(), received.Key);
        Assert.Equal("Sms ActivationCode +48*******01 Sent 1", await suite.Row((Guid)message["id"]));
    }

    [Fact]
    public async Task The_same_id_again_is_not_sent_twice()
    {
        var message = Message("Email", "twice@example.com");

        (await suite.Messages.Post("/internal/messages", message)).Must(200);
        (await suite.Messages.Post("/internal/messages", message)).Must(200);

        Assert.Single(suite.Smtp.Mails, mail => mail.To.Contains("twice@example.com"));
    }

    [Fact]
    public async Task The_same_id_at_once_is_sent_once()
    {
        var message = Message("Email", "at-once@example.com");
        var gate = new TaskCompletionSource();
        var arrived = suite.Smtp.Arrived;
        suite.Smtp.Gate = gate.Task;

        var first = suite.Messages.Post("/internal/messages", message);
        await Eventually.Holds(() => Task.FromResult(suite.Smtp.Arrived > arrived), "the first to arrive");
        var second = suite.Messages.Post("/internal/messages", message);
        await using var held = await Races.Hold(suite.Database("notifications"), "select 1");
        await held.Waiters(1);
        suite.Smtp.Gate = Task.CompletedTask;
        gate.SetResult();

        (await first).Must(200);
        (await second).Must(200);
        Assert.Single(suite.Smtp.Mails, mail => mail.To.Contains("at-once@example.com"));
    }

    [Fact]
    public async Task A_message_that_nobody_waits_for_any_more_is_sent_all_the_same()
    {
        var message = Message("Email", "given-up@example.com");
        var gate = new TaskCompletionSource();
        var arrived = suite.Smtp.Arrived;
        suite.Smtp.Gate = gate.Task;
        using (var impatient = new CancellationTokenSource())
        {
            using var content = System.Net.Http.Json.JsonContent.Create(message);
            var asking = suite.Messages.Http.PostAsync("/internal/messages", content, impatient.Token);
            await Eventually.Holds(() => Task.FromResult(suite.Smtp.Arrived > arrived), "the message to arrive");
            await impatient.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        }
        suite.Smtp.Gate = Task.CompletedTask;
        gate.SetResult();

        (await suite.Messages.Post("/internal/messages", message)).Must(200);

        Assert.Single(suite.Smtp.Mails, mail => mail.To.Contains("given-up@example.com"));
        Assert.Equal("Email ActivationCode g***@example.com Sent 1", await suite.Row((Guid)message["id"]));
    }

    [Fact]
    public async Task A_carrier_that_does_not_take_it_is_503_and_the_same_may_be_sent_again()
    {
        var mail = Message("Email", "busy@example.com");
        suite.Smtp.Refusals["busy@example.com"] = "451 try later";
        (await suite.Messages.Post("/internal/messages", mail)).MustRefuse(503, "CARRIER_AWAY");
        suite.Smtp.Refusals.Clear();
        (await suite.Messages.Post("/internal/messages", mail)).Must(200);

        var text = Message("Sms", Number);
        suite.Sms.Status = 500;
        (await suite.Messages.Post("/internal/messages", text)).MustRefuse(503, "CARRIER_AWAY");
        suite.Sms.Status = 202;
        (await suite.Messages.Post("/internal/messages", text)).Must(200);

        Assert.Single(suite.Smtp.Mails, sent => sent.To.Contains("busy@example.com"));
        Assert.Equal("Email ActivationCode b***@example.com Sent 2", await suite.Row((Guid)mail["id"]));
        Assert.Equal("Sms ActivationCode +48*******00 Sent 2", await suite.Row((Guid)text["id"]));
    }

    [Fact]
    public async Task An_address_that_the_carrier_does_not_know_is_refused_for_good()
    {
        var mail = Message("Email", "nobody@example.com");
        suite.Smtp.Refusals["nobody@example.com"] = "550 no such mailbox";
        (await suite.Messages.Post("/internal/messages", mail)).MustRefuse(422, "MESSAGE_REFUSED");
        suite.Smtp.Refusals.Clear();

        Assert.Equal("Email ActivationCode n***@example.com Refused 1", await suite.Row((Guid)mail["id"]));
    }

    [Fact]
    public async Task A_wrong_password_is_no_reason_to_refuse_the_receiver()
    {
        suite.Smtp.Login = ("antaca", "changed");
        (await suite.Messages.Post("/internal/messages", Message("Email", "locked-out@example.com"))).MustRefuse(503, "CARRIER_AWAY");
        suite.Smtp.Login = ("antaca", "s3cret-of-mail");
    }

    [Theory]
    [InlineData("carrier", "Pigeon", "carrier")]
    [InlineData("carrier", "0", "carrier")]
    [InlineData("to", "+48600100200", "to")]
    [InlineData("to", "a@example.com, b@example.com", "to")]
    [InlineData("to", "a@example.com\r\nBcc: b@example.com", "to")]
    [InlineData("to", "Zoe <a@example.com>", "to")]
    [InlineData("template", "Advertisement", "template")]
    public async Task What_cannot_be_sent_is_named(string field, string value, string named)
    {
        var message = Message("Email", "a@example.com");
        message[field] = value;

        var refused = (await suite.Messages.Post("/internal/messages", message)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal(named, Assert.Single(refused["errors"].EnumerateObject()).Name);
        Assert.Null(await suite.Row((Guid)message["id"]));
    }

    [Fact]
    public async Task A_value_that_is_missing_or_more_than_a_line_is_named()
    {
        var missing = Message("Email", "a@example.com", new { code = "123456" });
        var lines = Message("Email", "a@example.com", new { code = "123456\n\nGive me your PIN", minutes = "10" });

        var first = (await suite.Messages.Post("/internal/messages", missing)).MustRefuse(422, "VALIDATION_FAILED");
        var second = (await suite.Messages.Post("/internal/messages", lines)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Equal("values.minutes", Assert.Single(first["errors"].EnumerateObject()).Name);
        Assert.Equal("values.code", Assert.Single(second["errors"].EnumerateObject()).Name);
    }

    [Fact]
    public async Task Only_DataCore_may_send_messages()
    {
        (await suite.Neighbour("gateway", "notifications").Post("/internal/messages", Message("Sms", Number))).MustRefuse(403, "NEIGHBOUR_NOT_ALLOWED");
    }

    [Fact]
    public async Task What_a_message_says_is_neither_kept_nor_logged()
    {
        var link = "https://bank.example/set?link=" + Guid.CreateVersion7().ToString("N");
        var invitation = Message("Email", "operator@example.com", new { name = "Ola", link, minutes = "60" });
        invitation["template"] = "OperatorInvitation";
        var refused = Message("Sms", "+48600100299", new { code = "918273", minutes = "10" });
        suite.Sms.Status = 400;

        (await suite.Messages.Post("/internal/messages", invitation)).Must(200);
        (await suite.Messages.Post("/internal/messages", refused)).MustRefuse(422, "MESSAGE_REFUSED");
        suite.Sms.Status = 202;

        Assert.Contains(link, Assert.Single(suite.Smtp.Mails, mail => mail.To.Contains("operator@example.com")).Text.Replace("=\n", "", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(suite.Log.Lines, line => line.Contains(invitation["id"].ToString()!, StringComparison.Ordinal));
        foreach (var secret in new[] { link, "918273", "operator@example.com", "+48600100299", "s3cret-of-mail", "token-of-sms" })
        {
            Assert.DoesNotContain(suite.Log.Lines, line => line.Contains(secret, StringComparison.Ordinal));
            await using var search = suite.Database("notifications").CreateCommand("select count(*) from messages where messages::text like '%' || $1 || '%'");
            search.Parameters.Add(new NpgsqlParameter { Value = secret });
            Assert.Equal(0L, await search.ExecuteScalarAsync());
        }
    }

    private static Dictionary<string, object> Message(string carrier, string to, object? values = null) => new()
    {
        ["id"] = Guid.CreateVersion7(),
        ["carrier"] = carrier,
        ["to"] = to,
        ["template"] = "ActivationCode",
        ["values"] = values ?? new { code = "123456", minutes = "10" },
    };
}
