using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Antaca.Contracts.Requests;
using Antaca.Gateway.Certificates;
using Antaca.Gateway.Encryption;
using Antaca.Gateway.Routes;
using Antaca.Gateway.Sessions;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Channels;

/// <summary>
/// Turns what a call shows into one caller, before anything else looks at it. Each channel has its port: apps and
/// operators the public one, partners and processors the one with client certificates. On the wrong port there is nothing.
/// </summary>
internal sealed class Authentication(ClientCertificates certificates, SessionTokens tokens, Limits limits, PortSettings ports, TimeProvider clock)
{
    private const string UserOfThePath = "customerId";
    private const string ExpiryHeader = "Client-Certificate-Expires";
    private const int ExpiresSoonDays = 30;

    /// <summary>Marks an endpoint of the gateway's own that asks for no credential on the public port.</summary>
    internal sealed record NoCredential;

    /// <summary>Marks an endpoint that belongs to no channel and is on both ports, for everybody.</summary>
    internal sealed record NoChannel;

    /// <remarks>A credential that is in memory, as nearly all are, is judged without a task of its own.</remarks>
    public Task Handle(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.IsHttps || context.GetEndpoint()?.Metadata.GetMetadata<NoChannel>() is not null)
        {
            return next(context);
        }
        var (known, withCertificate) = ChannelOf(context.Request.Path);
        if (known is not { } channel || withCertificate != (context.Connection.LocalPort == ports.Partners))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        var judged = withCertificate ? ByCertificate(context, channel) : BySession(context, channel);
        return judged.IsCompletedSuccessfully ? GoOn(context, judged.Result, next) : WaitAndGoOn(context, judged, next);
    }

    private static async Task WaitAndGoOn(HttpContext context, ValueTask<ProblemHttpResult?> judged, RequestDelegate next) => await GoOn(context, await judged, next);

    private static Task GoOn(HttpContext context, ProblemHttpResult? refusal, RequestDelegate next) => refusal is null ? next(context) : Problems.Write(context, refusal);

    private static (Channel? Channel, bool WithCertificate) ChannelOf(PathString path) =>
        path.StartsWithSegments("/secure", StringComparison.Ordinal) ? (Channel.Secure, true)
        : path.StartsWithSegments("/processor", StringComparison.Ordinal) ? (Channel.Processor, true)
        : path.StartsWithSegments("/customers", StringComparison.Ordinal) ? (Channel.Customers, false)
        : path.StartsWithSegments("/admin", StringComparison.Ordinal) ? (Channel.Admin, false)
        : (null, false);

    private ValueTask<ProblemHttpResult?> BySession(HttpContext context, Channel channel)
    {
        var route = Forwarding.RouteOf(context);
        if (route?.Anonymous == true || context.GetEndpoint()?.Metadata.GetMetadata<NoCredential>() is not null)
        {
            context.Features.Set(new Caller { Channel = channel });
            return new(limits.Anonymous(context));
        }
        if (SessionTokens.HashOf(context.Request.Headers.Authorization) is not { } tokenHash)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return new(limits.Guess(context) ?? ChannelProblems.TokenRequired());
        }
        if (channel == Channel.Customers)
        {
            return tokens.KnownApp(tokenHash) is { } app ? new(Admit(context, app)) : AskForApp(context, tokenHash);
        }
        return tokens.KnownOperator(tokenHash) is { } known ? new(Admit(context, known, route)) : AskForOperator(context, tokenHash, route);
    }

    private async ValueTask<ProblemHttpResult?> AskForApp(HttpContext context, string tokenHash)
    {
        if (limits.TooManyGuesses(context) is { } tooMany)
        {
            return tooMany;
        }
        return await tokens.AskForApp(tokenHash, context.RequestAborted) is { } holder ? Admit(context, holder) : SessionEnded(context);
    }

    private async ValueTask<ProblemHttpResult?> AskForOperator(HttpContext context, string tokenHash, PublishedRoute? route)
    {
        if (limits.TooManyGuesses(context) is { } tooMany)
        {
            return tooMany;
        }
        return await tokens.AskForOperator(tokenHash, context.RequestAborted) is { } holder ? Admit(context, holder, route) : SessionEnded(context);
    }

    private ProblemHttpResult? Admit(HttpContext context, SessionHolder holder)
    {
        var caller = CallerOf(holder);
        context.Features.Set(caller);
        context.Features.Set(new RegisteredKey(holder.EncryptionKeyId));
        return limits.Caller(context, caller);
    }

    private ProblemHttpResult? Admit(HttpContext context, OperatorHolder holder, PublishedRoute? route)
    {
        var caller = CallerOf(holder, context);
        context.Features.Set(caller);
        return limits.Caller(context, caller) ?? (route is not null && !route.Roles.Contains(caller.Role!.Value) ? ChannelProblems.RoleNotAllowed() : null);
    }

    private ProblemHttpResult SessionEnded(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return limits.Guess(context) ?? ChannelProblems.SessionEnded();
    }

    private ValueTask<ProblemHttpResult?> ByCertificate(HttpContext context, Channel channel)
    {
        if (context.Connection.ClientCertificate is not { } certificate)
        {
            return new(ChannelProblems.CertificateRequired());
        }
        return certificates.Known(certificate) is { } known ? new(Admit(context, channel, known)) : AskForCertificate(context, channel, certificate);
    }

    private async ValueTask<ProblemHttpResult?> AskForCertificate(HttpContext context, Channel channel, X509Certificate2 certificate)
    {
        var (standing, known) = await certificates.Ask(certificate, context.RequestAborted);
        return known is not null
            ? Admit(context, channel, known)
            : limits.Guess(context) ?? (standing == Standing.Invalid ? ChannelProblems.CertificateInvalid() : ChannelProblems.CertificateUnknown());
    }

    private ProblemHttpResult? Admit(HttpContext context, Channel channel, KnownCertificate known)
    {
        if (CallerOf(channel, known.Holder, context) is not { } caller)
        {
            return ChannelProblems.WrongChannel();
        }
        if (!known.MayCallFrom(context.Connection.RemoteIpAddress))
        {
            return ChannelProblems.AddressNotAllowed();
        }
        context.Features.Set(caller);
        context.Features.Set(new RegisteredKey(known.Holder.EncryptionKeyId));
        if (known.Holder.NotAfter < clock.GetUtcNow().AddDays(ExpiresSoonDays))
        {
            context.Response.Headers[ExpiryHeader] = known.Holder.NotAfter.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        }
        return limits.Caller(context, caller);
    }

    private static Caller CallerOf(SessionHolder holder) => new()
    {
        Channel = Channel.Customers,
        PartnerId = holder.PartnerId,
        UserId = holder.UserId,
        InstallationId = holder.InstallationId,
        SessionId = holder.SessionId,
    };

    private static Caller CallerOf(OperatorHolder holder, HttpContext context) => new()
    {
        Channel = Channel.Admin,
        OperatorId = holder.OperatorId,
        SessionId = holder.SessionId,
        Role = Enum.Parse<Role>(holder.Role),
        UserId = UserIn(context),
    };

    private static Caller? CallerOf(Channel channel, CertificateHolder holder, HttpContext context) => (channel, holder) switch
    {
        (Channel.Secure, { PartnerId: { } partnerId }) => new Caller { Channel = channel, PartnerId = partnerId, UserId = UserIn(context) },
        (Channel.Processor, { Processor: { } processor }) => new Caller { Channel = channel, Processor = processor },
        _ => null,
    };

    private static Guid? UserIn(HttpContext context) => Guid.TryParse(context.Request.RouteValues[UserOfThePath] as string, out var userId) ? userId : null;
}
