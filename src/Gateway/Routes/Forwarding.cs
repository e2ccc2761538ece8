using Antaca.Gateway.Channels;
using Antaca.Gateway.Encryption;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace Antaca.Gateway.Routes;

/// <summary>YARP, configured from the route table: the services by mutual TLS and HTTP/2, replicas in turn, the caller signed.</summary>
internal static class Forwarding
{
    private const int AnswerTimeoutSeconds = 10;
    private const int ConnectTimeoutSeconds = 1;
    private const string RouteId = "Route";

    /// <summary>What a caller may not say to a service, and what is settled here.</summary>
    private static readonly string[] _notForwarded =
        [CallerTokens.Header, EncryptedCalls.KeyHeader, EncryptedCalls.Header, "Authorization", "Cookie", "Accept-Encoding", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix"];

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
        builder.Services.AddReverseProxy()
            .LoadFromMemory([.. RouteTable.Routes.Select(Configured)], clusters)
            .AddTransforms(context =>
            {
                context.UseDefaultForwarders = false;
                context.AddRequestTransform(request =>
                {
                    foreach (var header in _notForwarded)
                    {
                        request.ProxyRequest.Headers.Remove(header);
                    }
                    var tokens = request.HttpContext.RequestServices.GetRequiredService<CallerTokens>();
                    var caller = request.HttpContext.Features.GetRequiredFeature<Caller>();
                    request.ProxyRequest.Headers.TryAddWithoutValidation(CallerTokens.Header, tokens.Sign(caller, context.Cluster!.ClusterId));
                    return ValueTask.CompletedTask;
                });
                if (_routes[context.Route.Metadata![RouteId]] is { Ends: not Ends.Nothing } ending)
                {
                    // Before the answer leaves: the caller's next request finds the credential ended.
                    context.AddResponseTransform(response =>
                    {
                        if (response.ProxyResponse is { IsSuccessStatusCode: true } && Ended(ending, response.HttpContext) is { } subject)
                        {
                            response.HttpContext.RequestServices.GetRequiredService<Remembered>().Forget(subject);
                        }
                        return ValueTask.CompletedTask;
                    });
                }
            });
        builder.Services.AddSingleton<IForwarderHttpClientFactory, ShowingOurCertificate>();
    }

    /// <summary>The row of the table behind an endpoint; null for an endpoint that is none of it.</summary>
    public static PublishedRoute? RouteOf(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<Yarp.ReverseProxy.Model.RouteModel>() is { } model ? _routes[model.Config.Metadata![RouteId]] : null;

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
        Transforms = [new Dictionary<string, string> { ["PathPattern"] = route.ServicePath }],
        Metadata = new Dictionary<string, string> { [RouteId] = route.Id },
    };

    private sealed class ShowingOurCertificate(ServiceIdentity identity) : ForwarderHttpClientFactory
    {
        protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
        {
            base.ConfigureHandler(context, handler);
            handler.SslOptions = identity.ForCalling(context.ClusterId);
            handler.ConnectTimeout = TimeSpan.FromSeconds(ConnectTimeoutSeconds);
            handler.EnableMultipleHttp2Connections = true;
            handler.UseProxy = false;
        }
    }
}
