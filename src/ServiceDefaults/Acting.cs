using System.Diagnostics;
using System.Reflection;
using Antaca.Contracts.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Antaca.ServiceDefaults;

/// <summary>
/// What a caller from outside is doing in this request. The first <see cref="Work"/> that a write commits owes one
/// <see cref="Audited"/> event with it, in the same transaction: no verb can forget it, and none is recorded that did not
/// happen. A repeat that finds everything done
/// already is on record as the request that it was.
/// </summary>
internal sealed class Acting
{
    private const string IdSuffix = "Id";

    private static readonly AsyncLocal<Acting?> _current = new();

    private readonly Caller _caller;
    private readonly string _action;
    private readonly DateTimeOffset _at;
    private string _actor;
    private string _subject;
    private string? _outcome;
    private Guid? _userId;
    private Guid? _partnerId;
    private bool _recorded;

    private Acting(Caller caller, string action, string subject, DateTimeOffset at)
    {
        _caller = caller;
        _actor = caller.Actor;
        _action = action;
        _subject = subject;
        _userId = caller.UserId;
        _partnerId = caller.PartnerId;
        _at = at;
    }

    /// <summary>Null in work that nobody outside asked for: consumers, jobs, neighbours' calls.</summary>
    public static Acting? Current => _current.Value;

    public static void Begin(HttpContext context, Caller caller)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            return;
        }
        var endpoint = context.GetEndpoint()!;
        // The handler is a method of its verb: LockCard.Handle.
        var action = endpoint.Metadata.GetMetadata<MethodInfo>()?.DeclaringType?.Name ?? endpoint.DisplayName ?? "Unnamed";
        var clock = context.RequestServices.GetRequiredService<TimeProvider>();
        _current.Value = new Acting(caller, action, SubjectOf(context.Request.RouteValues, caller), clock.GetUtcNow());
    }

    public void Name(string? actor, string? subject, string? outcome, Guid? userId, Guid? partnerId)
    {
        _actor = actor ?? _actor;
        _subject = subject ?? _subject;
        _outcome = outcome ?? _outcome;
        _userId = userId ?? _userId;
        _partnerId = partnerId ?? _partnerId;
    }

    /// <summary>The entry, the first time; null afterwards.</summary>
    public Audited? Record()
    {
        if (_recorded)
        {
            return null;
        }
        _recorded = true;
        return new Audited(
            _caller.Channel.ToString(), _actor, _action, _subject, _userId, _partnerId, _outcome, Activity.Current?.TraceId.ToHexString(), _at);
    }

    /// <summary><c>card:{cardId}</c> from the last id of the service's own path; otherwise the user the call is about.</summary>
    private static string SubjectOf(RouteValueDictionary route, Caller caller)
    {
        var id = route.LastOrDefault(value => value.Key.EndsWith(IdSuffix, StringComparison.Ordinal));
        return id.Key is not null ? $"{id.Key[..^IdSuffix.Length]}:{id.Value}"
            : caller.UserId is { } userId ? $"user:{userId}"
            : "";
    }
}
