using Antaca.Contracts.Requests;
using Antaca.Gateway.Certificates;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Channels;

/// <summary>
/// Turns what a call shows into one caller, before anything else looks at it. Each channel has its port: apps and
/// operators the public one, partners and processors the one with client certificates. On the wrong port there is nothing.
/// </summary>
internal static class Authentication
{
    private const string UserOfThePath = "customerId";

    public static void UseAuthentication(this WebApplication app)
    {
        var ports = app.Services.GetRequiredService<PortSettings>();
        var certificates = app.Services.GetRequiredService<ClientCertificates>();
        app.Use(async (context, next) =>
        {
            if (!context.Request.IsHttps)
            {
                await next(context);
                return;
            }
            var onPartnersPort = context.Connection.LocalPort == ports.Partners;
            var (known, withCertificate) = ChannelOf(context.Request.Path);
            if (known is not { } channel || withCertificate != onPartnersPort)
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }
            if (withCertificate && await ByCertificate(context, channel, certificates) is { } refusal)
            {
                await Problems.Write(context, refusal);
                return;
            }
            await next(context);
        });
    }

    private static (Channel? Channel, bool WithCertificate) ChannelOf(PathString path) =>
        path.StartsWithSegments("/secure", StringComparison.Ordinal) ? (Channel.Secure, true)
        : path.StartsWithSegments("/processor", StringComparison.Ordinal) ? (Channel.Processor, true)
        : path.StartsWithSegments("/customers", StringComparison.Ordinal) ? (Channel.Customers, false)
        : path.StartsWithSegments("/admin", StringComparison.Ordinal) ? (Channel.Admin, false)
        : (null, false);

    private static async ValueTask<ProblemHttpResult?> ByCertificate(HttpContext context, Channel channel, ClientCertificates certificates)
    {
        if (context.Connection.ClientCertificate is not { } certificate)
        {
            return ChannelProblems.CertificateRequired();
        }
        var (standing, holder) = await certificates.Identify(certificate, context.RequestAborted);
        if (standing != Standing.Known)
        {
            return standing == Standing.Invalid ? ChannelProblems.CertificateInvalid() : ChannelProblems.CertificateUnknown();
        }
        if (CallerOf(channel, holder!, context) is not { } caller)
        {
            return ChannelProblems.WrongChannel();
        }
        context.Features.Set(caller);
        return null;
    }

    private static Caller? CallerOf(Channel channel, CertificateHolder holder, HttpContext context) => (channel, holder) switch
    {
        (Channel.Secure, { PartnerId: { } partnerId }) => new Caller
        {
            Channel = channel,
            PartnerId = partnerId,
            UserId = Guid.TryParse(context.Request.RouteValues[UserOfThePath] as string, out var userId) ? userId : null,
        },
        (Channel.Processor, { Processor: { } processor }) => new Caller { Channel = channel, Processor = processor },
        _ => null,
    };
}
