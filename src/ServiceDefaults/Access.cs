using System.Collections.Frozen;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Antaca.ServiceDefaults;

/// <summary>
/// Who may call whom. Every route of a service's API port belongs to one area, and the table names the services whose
/// certificates open it. A route without an area answers nobody.
/// </summary>
public static class Access
{
    /// <summary>The area of routes that serve callers from outside: the gateway alone, with a caller token.</summary>
    public const string Callers = "callers";

    /// <summary>The one table: area (service/area), and the common names that may call it.</summary>
    public static readonly FrozenDictionary<string, FrozenSet<string>> Table = new Dictionary<string, FrozenSet<string>>
    {
        [Callers] = ["gateway"],
        ["datacore/certificates"] = ["gateway"],
        ["datacore/references"] = ["gateway"],
        ["datacore/vault"] = ["cardservice"],
        ["datacore/users"] = ["balanceservice", "cardservice", "kycservice"],
        ["datacore/programmes"] = ["cardservice"],
        ["balanceservice/balances"] = ["cardservice"],
        ["balanceservice/authorisations"] = ["cardservice"],
        ["cardservice/cards"] = ["balanceservice"],
        ["kycservice/decisions"] = ["balanceservice", "cardservice"],
    }.ToFrozenDictionary();

    /// <summary>Routes for callers from outside. Handlers take the verified <see cref="Caller"/> as a parameter.</summary>
    public static RouteGroupBuilder MapForCallers(this WebApplication app, string prefix) => app.MapGroup(prefix).WithMetadata(new Area(Callers));

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

        var area = context.GetEndpoint()?.Metadata.GetMetadata<Area>();
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
            context.Features.Set(caller);
        }
        await next(context);
    });

    internal sealed record Area(string Name);
}
