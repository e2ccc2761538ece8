using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Antaca.ServiceDefaults;

/// <summary>The ports a service listens on.</summary>
public sealed record PortSettings
{
    /// <summary>HTTPS with client certificates: the service's API. Not used by the gateway.</summary>
    [Range(0, 65535)]
    public int Api { get; init; }

    /// <summary>Plain HTTP for health and liveness, and nothing else.</summary>
    [Range(1, 65535)]
    public int Health { get; init; }

    /// <summary>The gateway's HTTPS port for apps and operators.</summary>
    [Range(0, 65535)]
    public int Public { get; init; }

    /// <summary>The gateway's mTLS port for partners and processors.</summary>
    [Range(0, 65535)]
    public int Partners { get; init; }
}

/// <summary>
/// What every service is made of. A service's <c>Service.Build</c> calls <see cref="CreateBuilder"/>, adds its database,
/// messaging and neighbours, then <see cref="BuildService"/>, and maps its verbs.
/// </summary>
public static class Defaults
{
    /// <summary>The largest JSON body a service reads.</summary>
    public const int MaxBodyBytes = 1024 * 1024;

    private const int MaxHeaderBytes = 32 * 1024;
    private const int MaxHeaders = 64;
    private const int MaxJsonDepth = 16;
    private const int HeadersTimeoutSeconds = 10;
    private const int ShutdownSeconds = 10;

    /// <param name="service">The service's name: its certificate's common name, its audience, its telemetry name.</param>
    public static WebApplicationBuilder CreateBuilder(string service, string[] args)
    {
        var start = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = service,
            EnvironmentName = start["environment"] ?? start["ASPNETCORE_ENVIRONMENT"] ?? start["DOTNET_ENVIRONMENT"] ?? Environments.Production,
            Args = args,
        });
        builder.Configuration.AddEnvironmentVariables();
        builder.Configuration.AddCommandLine(args);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging();
        builder.AddTelemetry(service);
        builder.Services.AddSingleton<TimeProvider>(new Clock());
        builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Problems.NameTrace);
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(ShutdownSeconds));
        builder.Services.ConfigureHttpJsonOptions(options => Strict(options.SerializerOptions));

        var identity = builder.AddSettings<IdentitySettings>("Identity");
        builder.Services.AddSingleton(services => ServiceIdentity.Load(identity, service, services.GetRequiredService<IHostEnvironment>()));
        var tokens = builder.AddSettings<CallerTokenSettings>("CallerTokens");
        if ((tokens.PrivateKey ?? tokens.PublicKey) is { Length: > 0 } key)
        {
            builder.Services.AddSingleton(services => CallerTokens.FromFile(key, services.GetRequiredService<TimeProvider>()));
        }
        else
        {
            builder.AddSettingsFault("CallerTokens: PublicKey is required (PrivateKey at the gateway)");
        }

        builder.AddDocumentation();
        builder.AddSettings<PortSettings>("Ports");
        builder.WebHost.ConfigureKestrel(Limits);
        return builder;
    }

    /// <summary>Builds and runs the service until it is told to stop. Settings it cannot start with are told in a few lines, without a stack.</summary>
    /// <returns>The exit code: 0, or 78 (EX_CONFIG) for settings that are not usable.</returns>
    public static Task<int> Run(Func<WebApplication> build) => Run(() => Task.FromResult<WebApplication?>(build()));

    /// <param name="build">Null: the process was asked to end before there was anything to serve.</param>
    /// <inheritdoc cref="Run(Func{WebApplication})"/>
    public static async Task<int> Run(Func<Task<WebApplication?>> build)
    {
        const int UnusableSettings = 78;
        try
        {
            await using var app = await build();
            if (app is not null)
            {
                await app.RunAsync();
            }
            return 0;
        }
        catch (SettingsException unusable)
        {
            await Console.Error.WriteLineAsync(unusable.Message);
            return UnusableSettings;
        }
    }

    /// <summary>Strict on the way in: no unknown field, no missing one, no null where none is meant, no comment, no duplicate.</summary>
    public static void Strict(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        json.PropertyNameCaseInsensitive = false;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.AllowDuplicateProperties = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.MaxDepth = MaxJsonDepth;
        json.Converters.Add(new TimeJson());
        json.Converters.Add(new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false));
    }

    /// <summary>Wire types known to the source generator are written and read without reflection.</summary>
    public static void AddJson(this WebApplicationBuilder builder, JsonSerializerContext context) =>
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, context));

    /// <summary>Builds a service that listens on its API port (mTLS, internal CA) and its health port.</summary>
    /// <exception cref="SettingsException">Names every setting that is missing, wrong or unknown.</exception>
    public static WebApplication BuildService(this WebApplicationBuilder builder)
    {
        var app = builder.BuildListening((kestrel, ports) =>
        {
            var identity = kestrel.ApplicationServices.GetRequiredService<ServiceIdentity>();
            kestrel.Listen(IPAddress.Loopback, ports.Api, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = identity.Certificate;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => identity.Trusts(certificate);
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
            }));
        });
        app.UseAccess();
        app.MapDocumentation();
        return app;
    }

    /// <summary>Builds a process that listens as it says and on the health port, with problems, telemetry and routing in place.</summary>
    /// <exception cref="SettingsException">Names every setting that is missing, wrong or unknown.</exception>
    public static WebApplication BuildListening(this WebApplicationBuilder builder, Action<KestrelServerOptions, PortSettings> listen)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            var ports = kestrel.ApplicationServices.GetRequiredService<PortSettings>();
            listen(kestrel, ports);
            kestrel.Listen(IPAddress.Loopback, ports.Health);
        });
        Settings.ThrowIfFaulty(builder);
        var app = builder.Build();
        app.StartTelemetry();
        app.UseProblems();
        app.UseRouting();
        app.UseHealthPort();
        app.MapHealth();
        return app;
    }

    /// <summary>Liveness (<c>/alive</c>: the process answers) and health (<c>/health</c>: it can serve).</summary>
    private static void MapHealth(this WebApplication app)
    {
        app.MapGet("/alive", () => TypedResults.Ok(new HealthReport("Alive", new SortedDictionary<string, string>()))).WithMetadata(new PlainPort());
        app.MapGet("/health", async (IServiceProvider services, CancellationToken cancel) =>
        {
            var checks = new SortedDictionary<string, string>(StringComparer.Ordinal);
            if (services.GetService<NpgsqlDataSource>() is { } database)
            {
                checks["database"] = await Answers(database, cancel) ? "Healthy" : "Unhealthy";
            }
            foreach (var check in services.GetServices<HealthCheck>())
            {
                checks[check.Name] = check.State();
            }
            var healthy = checks.Values.All(state => state != "Unhealthy");
            return TypedResults.Json(new HealthReport(healthy ? "Healthy" : "Unhealthy", checks), statusCode: healthy ? 200 : 503);
        }).WithMetadata(new PlainPort());
    }

    /// <summary>The plain port carries health and liveness and nothing else; no other port carries them.</summary>
    private static void UseHealthPort(this WebApplication app) => app.Use((context, next) =>
    {
        var plain = context.GetEndpoint()?.Metadata.GetMetadata<PlainPort>() is not null;
        if (plain != context.Request.IsHttps)
        {
            return next(context);
        }
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    });

    private static void Limits(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        kestrel.Limits.MaxRequestHeaderCount = MaxHeaders;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(HeadersTimeoutSeconds);
    }

    private static async Task<bool> Answers(NpgsqlDataSource database, CancellationToken cancel)
    {
        try
        {
            await using var command = database.CreateCommand("select 1");
            command.CommandTimeout = 2;
            await command.ExecuteScalarAsync(cancel);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private sealed record PlainPort;

    internal sealed record HealthReport(string Status, SortedDictionary<string, string> Checks);
}

/// <summary>A line of a service's own in its health report: a name and Healthy, Degraded or Unhealthy (or a short text).</summary>
public sealed record HealthCheck(string Name, Func<string> State);
