using Antaca.Gateway.Encryption;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace Antaca.Gateway.Channels;

/// <summary>The web origins whose pages may call <c>/customers</c> and <c>/admin</c>. None unless named.</summary>
internal sealed record CorsSettings
{
    /// <summary>Exact origins, such as <c>https://panel.example.com</c>.</summary>
    public string[] Origins { get; init; } = [];
}

/// <summary>
/// Pages of a named origin may call the app's and the operators' channel, with the headers that those take and no cookie;
/// of any other origin a browser lets none read an answer. Nothing is ever allowed for the channels with certificates.
/// </summary>
internal static class Cors
{
    private const int PreflightMinutes = 10;

    public static void AddCors(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<CorsSettings>("Cors");
        foreach (var origin in settings.Origins.Where(origin => !IsOrigin(origin)))
        {
            builder.AddSettingsFault($"Cors:Origins: {origin} is no origin such as https://panel.example.com");
        }
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(new CorsPolicyBuilder(settings.Origins)
            .WithMethods("GET", "POST", "PUT", "PATCH", "DELETE")
            .WithHeaders("Authorization", "Content-Type", "Accept", Idempotency.Header, EncryptedCalls.KeyHeader, EncryptedCalls.Header, "Approval")
            .WithExposedHeaders("Trace-Id", Idempotency.ReplayedHeader, "Retry-After", "Location", Csv.NextHeader, "Opening-Balance", "Closing-Balance")
            .SetPreflightMaxAge(TimeSpan.FromMinutes(PreflightMinutes))
            .DisallowCredentials()
            .Build()));
    }

    /// <summary>Before authentication: a preflight shows no credential.</summary>
    public static void UseCorsOfPages(this WebApplication app) =>
        app.UseWhen(
            context => context.Request.Path.StartsWithSegments("/customers", StringComparison.Ordinal) || context.Request.Path.StartsWithSegments("/admin", StringComparison.Ordinal),
            pages => pages.UseCors());

    private static bool IsOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.GetLeftPart(UriPartial.Authority) == origin;
}
