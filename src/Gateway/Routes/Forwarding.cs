using System.Diagnostics;
using Antaca.Gateway.Channels;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace Antaca.Gateway.Routes;

/// <summary>YARP, configured from the route table: the services by mutual TLS and HTTP/2, replicas in turn, the caller signed.</summary>
internal static class Forwarding
{
    private const int AnswerTimeoutSeconds = 10;
    private const int ConnectTimeoutSeconds = 1;

    /// <summary>A service that stops so much before the deadline is heard by the caller in time.</summary>
    private static readonly TimeSpan _wayBack = TimeSpan.FromMilliseconds(100);

    /// <summary>All that a caller may say to a service besides the body. Everything else is settled here, and ends here.</summary>
    private static readonly string[] _forwarded = [HeaderNames.Accept, HeaderNames.ContentLength, HeaderNames.ContentType, Idempotency.Header, "Approval"];

    private static readonly Dictionary<string, PublishedRoute> _routes = RouteTable.Routes.ToDictionary(route => route.Id, StringComparer.Ordinal);

    public static void AddForwarding(this WebApplicationBuilder builder)
    {
        var services = RouteTable.Routes.Select(route => route.Service).Distinct().ToArray();
        var clusters = new List<ClusterConfig>(services.Length);
        foreach (var service in services)
        {
            var replicas = Peers.Addresses(builder.Configuration, service);
            if (replicas.Length == 0)
            {
                builder.AddSettingsFault($"services:{service}:https:0: is required (the service's https address)");
            }
            clusters.Add(new ClusterConfig
            {
                ClusterId = service,
                LoadBalancingPolicy = "RoundRobin",
                Destinations = replicas.ToDictionary(replica => replica.Authority, replica => new DestinationConfig { Address = replica.ToString() }),
                HttpRequest = new ForwarderRequestConfig
                {
                    Version = new Version(2, 0),
                    VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
                    ActivityTimeout = TimeSpan.FromSeconds(AnswerTimeoutSeconds),
                },
            });
        }
        builder.Services.AddRequestTimeouts();
        builder.Services.AddReverseProxy()
            .LoadFromMemory([.. RouteTable.Routes.Select(Configured)], clusters)
            .AddTransforms(context =>
            {
                var tokens = context.Services.GetRequiredService<CallerTokens>();
                var service = context.Cluster!.ClusterId;
                context.UseDefaultForwarders = false;
                context.CopyRequestHeaders = false;
                context.AddRequestTransform(request =>
                {
                    foreach (var header in _forwarded)
                    {
                        if (request.HttpContext.Request.Headers.TryGetValue(header, out var said))
                        {
                            RequestTransform.AddHeader(request, header, said);
                        }
                    }
                    var headers = request.ProxyRequest.Headers;
                    headers.TryAddWithoutValidation(CallerTokens.Header, tokens.Sign(request.HttpContext.Features.GetRequiredFeature<Caller>(), service));
                    if (request.HttpContext.Features.Get<Deadline>() is { } deadline)
                    {
                        headers.TryAddWithoutValidation(TimeLeft.Header, TimeLeft.Tell(deadline.Whole, Stopwatch.GetElapsedTime(deadline.Since), _wayBack));
                    }
                    if (Activity.Current is { } activity)
                    {
                        headers.TryAddWithoutValidation(HeaderNames.TraceParent, activity.Id);
                        if (activity.TraceStateString is { } state)
                        {
                            headers.TryAddWithoutValidation(HeaderNames.TraceState, state);
                        }
                    }
                    return ValueTask.CompletedTask;
                });
                if (_routes[context.Route.RouteId] is { Ends: not Ends.Nothing } ending)
                {
                    var remembered = context.Services.GetRequiredService<Remembered>();
                    // Before the answer leaves: the caller's next request finds the credential ended.
                    context.AddResponseTransform(response =>
                    {
                        if (response.ProxyResponse is { IsSuccessStatusCode: true } && Ended(ending, response.HttpContext) is { } subject)
                        {
                            remembered.Forget(subject);
                        }
                        return ValueTask.CompletedTask;
                    });
                }
            });
        builder.Services.AddSingleton<IForwarderHttpClientFactory, ShowingOurCertificate>();
    }

    /// <summary>Starts the time of routes that have a deadline. Before everything that takes any.</summary>
    public static void UseDeadlines(this WebApplication app)
    {
        app.UseRequestTimeouts();
        app.Use(next => context =>
        {
            if (RouteOf(context) is { Deadline: { } whole })
            {
                context.Features.Set(new Deadline(whole, Stopwatch.GetTimestamp()));
                return InTime(context, next);
            }
            return next(context);
        });
    }

    private static async Task InTime(HttpContext context, RequestDelegate next)
    {
        await next(context);
        // YARP takes the deadline for a caller who hung up.
        if (context.GetForwarderErrorFeature() is { Error: ForwarderError.RequestCanceled }
            && context.Features.Get<IHttpRequestTimeoutFeature>() is { RequestTimeoutToken.IsCancellationRequested: true }
            && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status504GatewayTimeout;
        }
    }

    /// <param name="configure">The steps between the route and its service.</param>
    public static void MapForwarding(this WebApplication app, Action<IReverseProxyApplicationBuilder> configure) =>
        app.MapReverseProxy(configure).ConfigureEndpoints((endpoint, route) => endpoint.WithMetadata(_routes[route.RouteId]));

    /// <summary>The row of the table behind an endpoint; null for an endpoint that is none of it.</summary>
    public static PublishedRoute? RouteOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<PublishedRoute>();

    private static string? Ended(PublishedRoute route, HttpContext context) => route.Ends switch
    {
        Ends.Session => $"session:{context.Features.GetRequiredFeature<Caller>().SessionId}",
        Ends.User => $"user:{context.Features.GetRequiredFeature<Caller>().UserId}",
        Ends.Installation => $"installation:{context.Request.RouteValues["installationId"]}",
        Ends.Certificate => $"certificate:{context.Request.RouteValues["serial"]?.ToString()?.ToUpperInvariant()}",
        Ends.Partner => $"partner:{context.Request.RouteValues["partnerId"]}",
        Ends.Operator => $"operator:{context.Request.RouteValues["operatorId"]}",
        _ => null,
    };

    private static RouteConfig Configured(PublishedRoute route) => new()
    {
        RouteId = route.Id,
        ClusterId = route.Service,
        Match = new RouteMatch { Methods = [route.Method], Path = route.Path },
        Timeout = route.Deadline,
        Transforms = [new Dictionary<string, string> { ["PathPattern"] = route.ServicePath }],
    };

    private sealed record Deadline(TimeSpan Whole, long Since);

    private sealed class ShowingOurCertificate(ServiceIdentity identity) : ForwarderHttpClientFactory
    {
        protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
        {
            base.ConfigureHandler(context, handler);
            handler.SslOptions = identity.ForCalling(context.ClusterId);
            handler.ConnectTimeout = TimeSpan.FromSeconds(ConnectTimeoutSeconds);
            handler.EnableMultipleHttp2Connections = true;
            handler.UseProxy = false;
            // The trace goes on with the headers above: one span for a call is enough, and the cheapest.
            handler.ActivityHeadersPropagator = null;
        }
    }
}
