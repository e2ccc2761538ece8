using System.Diagnostics;

namespace Antaca.Gateway.Channels;

/// <summary>What an answer says of itself in place of what the others say.</summary>
internal sealed record OwnAnswerHeaders(string CacheControl, string ContentSecurityPolicy);

/// <summary>What every answer says about itself: its trace, and that no cache and no page may keep or frame it.</summary>
internal static class Answers
{
    private static readonly OwnAnswerHeaders _usual = new("no-store", "default-src 'none'; frame-ancestors 'none'");
    private static readonly Func<object, Task> _write = context => Write((HttpContext)context);

    public static void UseAnswerHeaders(this WebApplication app) => app.Use(next => context =>
    {
        context.Response.OnStarting(_write, context);
        return next(context);
    });

    private static Task Write(HttpContext context)
    {
        var headers = context.Response.Headers;
        var says = context.Response.StatusCode < StatusCodes.Status400BadRequest ? context.Features.Get<OwnAnswerHeaders>() ?? _usual : _usual;
        headers["Trace-Id"] = Activity.Current?.TraceId.ToHexString();
        headers.CacheControl = says.CacheControl;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = says.ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
        return Task.CompletedTask;
    }
}
