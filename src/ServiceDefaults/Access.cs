using System.Collections.Frozen;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Antaca.ServiceDefaults;

/// <summary>
/// Who may call whom. Every route of a service's API port belongs to one area, and the table names the services whose
/// certificates open it. A route without an area answers nobody. A route for callers from outside says besides which of
/// them it admits: whoever it does not name hears 403, whatever the gateway let through.
/// </summary>
public static class Access
{
    /// <summary>The area of routes that serve callers from outside: the gateway alone, with a caller token.</summary>
    public const string Callers = "callers";

    private const string UnsupportedMediaType = "415 HTTP Unsupported Media Type";

    /// <summary>The area of what every service tells of its routes (<see cref="OpenApi"/>): for the gateway, which publishes it.</summary>
    public const string Documentation = "documentation";

    /// <summary>The one table: area (service/area), and the common names that may call it.</summary>
    public static readonly FrozenDictionary<string, FrozenSet<string>> Table = new Dictionary<string, FrozenSet<string>>
    {
        [Callers] = ["gateway"],
        [Documentation] = ["gateway"],
        ["datacore/certificates"] = ["gateway"],
        ["datacore/sessions"] = ["gateway"],
        ["datacore/references"] = ["gateway"],
        ["datacore/vault"] = ["cardservice"],
        ["datacore/seal"] = ["datacore"],
        ["datacore/users"] = ["balanceservice", "cardservice", "kycservice"],
        ["datacore/partners"] = ["balanceservice"],
        ["datacore/programmes"] = ["balanceservice", "cardservice"],
        ["balanceservice/balances"] = ["cardservice"],
        ["balanceservice/users"] = ["datacore"],
        ["balanceservice/authorisations"] = ["cardservice"],
        ["cardservice/cards"] = ["balanceservice"],
        ["cardservice/users"] = ["datacore"],
        ["kycservice/decisions"] = ["balanceservice", "cardservice"],
        ["notifications/messages"] = ["balanceservice", "datacore"],
    }.ToFrozenDictionary();

    /// <summary>
    /// Routes for callers from outside who come by one of <paramref name="channels"/>. Handlers take the verified
    /// <see cref="Caller"/> as a parameter. Operators are admitted by <see cref="AdmitsOperators"/> alone.
    /// </summary>
    public static RouteGroupBuilder MapForCallers(this WebApplication app, string prefix, params Channel[] channels) =>
        app.MapGroup(prefix).WithMetadata(new Area(Callers), new Admitted(channels));

    /// <summary>Narrows or widens the channels of the route's group. The same rules apply.</summary>
    public static TBuilder Admits<TBuilder>(this TBuilder route, params Channel[] channels)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new Admitted(channels));

    /// <summary>Admits operators of these roles to the route.</summary>
    public static TBuilder AdmitsOperators<TBuilder>(this TBuilder route, params Role[] roles)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new AdmittedOperators(roles));

    /// <summary>Admits operators of every role to the route.</summary>
    public static TBuilder AdmitsEveryOperator<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.AdmitsOperators(Role.Employee, Role.Manager, Role.Admin);

    /// <summary>Admits whoever has no credential yet, on this channel: registration, pairing, login.</summary>
    public static TBuilder AdmitsAnybody<TBuilder>(this TBuilder route, Channel channel)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new AdmittedAnybody(channel));

    /// <summary>Routes for the neighbours that <see cref="Table"/> names for <paramref name="area"/>.</summary>
    public static RouteGroupBuilder MapForServices(this WebApplication app, string area, string prefix) =>
        Table.ContainsKey(area) ? app.MapGroup(prefix).WithMetadata(new Area(area)) : throw new ArgumentException($"The table of who may call whom has no area {area}.", nameof(area));

    internal static void UseAccess(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (!context.Request.IsHttps)
        {
            await next(context);
            return;
        }

        var endpoint = context.GetEndpoint();
        if (endpoint is { DisplayName: UnsupportedMediaType } and not RouteEndpoint)
        {
            // Routing's own word on a body that no route at this address reads: no handler is behind it.
            await next(context);
            return;
        }
        var area = endpoint?.Metadata.GetMetadata<Area>();
        if (area is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var neighbour = context.Connection.ClientCertificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        if (neighbour is null || !Table[area.Name].Contains(neighbour))
        {
            await Problems.Write(context, Problems.Refuse(403, "NEIGHBOUR_NOT_ALLOWED", "This service may not call that area."));
            return;
        }
        if (area.Name == Callers)
        {
            var identity = context.RequestServices.GetRequiredService<ServiceIdentity>();
            var tokens = context.RequestServices.GetRequiredService<CallerTokens>();
            var caller = await tokens.Verify(context.Request.Headers[CallerTokens.Header], identity.Name);
            if (caller is null)
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return;
            }
            if (!Admit(caller, endpoint!.Metadata))
            {
                await Problems.Write(context, Problems.OfStatus(StatusCodes.Status403Forbidden));
                return;
            }
            context.Features.Set(caller);
            Acting.Begin(context, caller);
        }
        await next(context);
    });

    private static bool Admit(Caller caller, EndpointMetadataCollection route) => caller switch
    {
        { IsAnonymous: true } => route.GetMetadata<AdmittedAnybody>()?.Channel == caller.Channel,
        { IsOperator: true } => caller.Role is { } role && route.GetMetadata<AdmittedOperators>()?.Roles.Contains(role) == true,
        _ => route.GetMetadata<Admitted>()?.Channels.Contains(caller.Channel) == true,
    };

    internal sealed record Area(string Name);

    private sealed record Admitted(Channel[] Channels);

    private sealed record AdmittedOperators(Role[] Roles);

    private sealed record AdmittedAnybody(Channel Channel);
}
