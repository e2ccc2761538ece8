using System.Diagnostics;

namespace Antaca.Gateway.Channels;

/// <summary>What an answer says of itself in place of what the others say.</summary>
internal sealed record OwnAnswerHeaders(string CacheControl, string ContentSecurityPolicy);

/// <summary>What every answer says about itself: its trace, and that no cache and no page may keep or frame it.</summary>
internal static class Answers
{
    public static void UseAnswerHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            var own = context.Response.StatusCode < StatusCodes.Status400BadRequest ? context.Features.Get<OwnAnswerHeaders>() : null;
            headers["Trace-Id"] = Activity.Current?.TraceId.ToHexString();
            headers.CacheControl = own?.CacheControl ?? "no-store";
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers.ContentSecurityPolicy = own?.ContentSecurityPolicy ?? "default-src 'none'; frame-ancestors 'none'";
            headers["Referrer-Policy"] = "no-referrer";
            headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
            return Task.CompletedTask;
        });
        return next(context);
    });
}
