using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Antaca.ServiceDefaults;

/// <summary>
/// Traces and metrics over OTLP (HTTP/protobuf) where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, and JSON lines with trace
/// ids on the console. The sources are the ones the runtime and the libraries bring; nothing is wrapped.
/// </summary>
internal static class Telemetry
{
    private static readonly string[] _sources = ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "MassTransit", "Antaca.*"];

    private static readonly string[] _meters =
    [
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql", "MassTransit", "Antaca.*",
    ];

    public static void AddTelemetry(this WebApplicationBuilder builder, string service)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddJsonConsole(console =>
        {
            console.IncludeScopes = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
        builder.Logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        // It writes nothing at these levels, but would open a scope for every request: the trace id names the request.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddFilter("System", LogLevel.Warning);
        builder.Logging.AddFilter("MassTransit", LogLevel.Warning);
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        builder.Logging.AddFilter("Yarp", LogLevel.Warning);

        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not { Length: > 0 } endpoint)
        {
            builder.Services.AddSingleton<TraceIds>();
            return;
        }
        var resource = ResourceBuilder.CreateDefault().AddService(builder.Configuration["OTEL_SERVICE_NAME"] ?? service);
        builder.Services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(_sources)
            .AddOtlpExporter(otlp => ToCollector(otlp, endpoint, "v1/traces"))
            .Build());
        builder.Services.AddSingleton(_ => Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(_meters)
            .AddOtlpExporter(otlp => ToCollector(otlp, endpoint, "v1/metrics"))
            .Build());
    }

    /// <summary>Providers live as long as the service: made with it, flushed by its disposal.</summary>
    public static void StartTelemetry(this WebApplication app)
    {
        app.Services.GetService<TracerProvider>();
        app.Services.GetService<MeterProvider>();
        app.Services.GetService<TraceIds>();
    }

    private static void ToCollector(OtlpExporterOptions otlp, string endpoint, string path)
    {
        otlp.Protocol = OtlpExportProtocol.HttpProtobuf;
        otlp.Endpoint = new Uri(endpoint.TrimEnd('/') + "/" + path);
    }

    /// <summary>Without a collector: a request still has its trace id, from the caller or new, and carries it on; nothing else is recorded.</summary>
    private sealed class TraceIds : IDisposable
    {
        private readonly ActivityListener _listener = new()
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
        };

        public TraceIds() => ActivitySource.AddActivityListener(_listener);

        public void Dispose() => _listener.Dispose();
    }
}
