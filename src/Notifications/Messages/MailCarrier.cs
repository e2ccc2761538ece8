using System.ComponentModel.DataAnnotations;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using MimeKit.Text;

namespace Antaca.Notifications.Messages;

internal enum MailSecurity
{
    /// <summary>In clear: for Development, and a relay on the same machine.</summary>
    None,
    StartTls,
    Tls,
}

/// <summary>The mail server that takes our e-mails (RFC 5321 submission).</summary>
internal sealed record MailSettings : IValidatableObject
{
    /// <summary>Without it no e-mail goes out.</summary>
    public string? Host { get; init; }

    [Range(1, 65535)]
    public int Port { get; init; } = 587;

    public MailSecurity Security { get; init; } = MailSecurity.StartTls;

    public string? UserName { get; init; }

    public string? Password { get; init; }

    /// <summary>Such as <c>Antaca &lt;cards@bank.example&gt;</c>.</summary>
    public string? From { get; init; }

    /// <summary>For the whole conversation.</summary>
    [Range(1, 20)]
    public int TimeoutSeconds { get; init; } = 10;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Host is not null && !MailboxAddress.TryParse(From, out _))
        {
            yield return new ValidationResult("is required, an address such as cards@bank.example", [nameof(From)]);
        }
        if ((UserName is null) != (Password is null))
        {
            yield return new ValidationResult("goes with the other of UserName and Password", [nameof(UserName), nameof(Password)]);
        }
    }

    /// <summary>Never prints the password.</summary>
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>Hands e-mails to the mail server, each over a connection of its own.</summary>
internal sealed class MailCarrier(MailSettings settings, TimeProvider clock)
{
    private const string IdDomain = "antaca";

    public async Task Send(Message message, CancellationToken cancel)
    {
        if (settings.Host is null)
        {
            throw new CarrierNotSetException();
        }
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(settings.TimeoutSeconds), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        using var mail = Compose(message);
        using var server = new SmtpClient { Timeout = settings.TimeoutSeconds * 1000 };
        await server.ConnectAsync(settings.Host, settings.Port, OptionsOf(settings.Security), either.Token);
        if (settings.UserName is not null)
        {
            await server.AuthenticateAsync(settings.UserName, settings.Password!, either.Token);
        }
        await server.SendAsync(mail, either.Token);
        try
        {
            await server.DisconnectAsync(quit: true, either.Token);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or SmtpProtocolException or SmtpCommandException)
        {
            // The server has the message: how it says goodbye changes nothing.
        }
    }

    private MimeMessage Compose(Message message)
    {
        var mail = new MimeMessage
        {
            // The same message again has the same id, by which mail systems know it.
            MessageId = $"{message.Id}@{IdDomain}",
            Date = clock.GetUtcNow(),
            Subject = message.Text.Subject,
            Body = new TextPart(TextFormat.Plain) { Text = message.Text.Body },
        };
        mail.From.Add(MailboxAddress.Parse(settings.From!));
        mail.To.Add(new MailboxAddress("", message.To.Reveal()));
        mail.Headers.Add("Auto-Submitted", "auto-generated");
        return mail;
    }

    private static SecureSocketOptions OptionsOf(MailSecurity security) => security switch
    {
        MailSecurity.None => SecureSocketOptions.None,
        MailSecurity.StartTls => SecureSocketOptions.StartTls,
        _ => SecureSocketOptions.SslOnConnect,
    };
}
