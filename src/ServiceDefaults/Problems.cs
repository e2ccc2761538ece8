using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Antaca.ServiceDefaults;

/// <summary>
/// Refusals as values: RFC 9457 problem details with a stable <c>code</c> in upper snake case, the trace id, and for
/// validation (422, <c>VALIDATION_FAILED</c>) the faults by field. Each capability keeps its refusals in one file of its own.
/// </summary>
public static partial class Problems
{
    private static readonly string[] _required = ["is required"];

    /// <param name="status">The HTTP status, 400..599.</param>
    /// <param name="code">The stable code integrators branch on.</param>
    /// <param name="title">One sentence, the same for every occurrence.</param>
    /// <param name="detail">What is particular to this occurrence; never a secret.</param>
    public static ProblemHttpResult Refuse(int status, string code, string title, string? detail = null) =>
        TypedResults.Problem(Details(status, code, title, detail));

    /// <summary>The 404 of everything the caller may not know of.</summary>
    public static ProblemHttpResult NotFound(string code, string what) => Refuse(StatusCodes.Status404NotFound, code, $"There is no such {what}.");

    /// <summary>422 <c>VALIDATION_FAILED</c> with the faults by field.</summary>
    public static ProblemHttpResult Invalid(IReadOnlyDictionary<string, string[]> errors)
    {
        var details = Details(StatusCodes.Status422UnprocessableEntity, "VALIDATION_FAILED", "The request has fields that cannot be accepted.");
        details.Extensions["errors"] = errors;
        return TypedResults.Problem(details);
    }

    public static ProblemHttpResult Invalid(string field, string fault) => Invalid(new Dictionary<string, string[]> { [field] = [fault] });

    public static ProblemDetails Details(int status, string code, string title, string? detail = null) => new()
    {
        Type = "urn:antaca:problem:" + code.ToLowerInvariant().Replace('_', '-'),
        Title = title,
        Status = status,
        Detail = detail,
        Extensions = { ["code"] = code },
    };

    /// <summary>The trace id as <c>Trace-Id</c> and the logs have it; the framework would write the whole <c>traceparent</c>.</summary>
    internal static void NameTrace(ProblemDetailsContext problem) => problem.ProblemDetails.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString();

    /// <summary>Writes a refusal where no handler runs: in a middleware or the exception handler.</summary>
    public static Task Write(HttpContext context, ProblemHttpResult problem) => problem.ExecuteAsync(context);

    /// <summary>One place for what no handler answered: bad requests as the framework sees them, and broken promises (500, no detail).</summary>
    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            // The one log line of a broken promise is ours: the framework's would repeat it.
            SuppressDiagnosticsCallback = _ => true,
            ExceptionHandler = context =>
            {
                var feature = context.Features.Get<IExceptionHandlerFeature>()!;
                var thrown = feature.Error;
                var problem = OfBadRequest(thrown);
                if (problem is null)
                {
                    if (thrown is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
                    {
                        context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                        return Task.CompletedTask;
                    }
                    var away = thrown is PeerUnreachableException or NpgsqlException { IsTransient: true } or TimeoutException;
                    var log = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Antaca.Problems");
                    var route = context.Request.Method + " " + (feature.Endpoint?.DisplayName ?? "no route");
                    if (away)
                    {
                        DependencyAway(log, route, thrown.Message);
                        return Write(context, OfStatus(StatusCodes.Status503ServiceUnavailable));
                    }
                    BrokenPromise(log, thrown, route);
                    problem = Refuse(StatusCodes.Status500InternalServerError, "INTERNAL_ERROR", "Something broke on our side. The trace id finds it in the logs.");
                }
                return Write(context, problem);
            },
        });
        app.UseStatusCodePages(pages => Write(pages.HttpContext, OfStatus(pages.HttpContext.Response.StatusCode)));
    }

    /// <summary>The problem of a bare status that the framework set without a body.</summary>
    public static ProblemHttpResult OfStatus(int status) => status switch
    {
        401 => Refuse(status, "UNAUTHENTICATED", "The call carries no valid credential."),
        403 => Refuse(status, "FORBIDDEN", "The caller may not do this."),
        404 => Refuse(status, "NOT_FOUND", "There is nothing at this address."),
        405 => Refuse(status, "METHOD_NOT_ALLOWED", "This address does not take that method."),
        413 => Refuse(status, "BODY_TOO_LARGE", "The body is larger than this address accepts."),
        415 => Refuse(status, "UNSUPPORTED_MEDIA_TYPE", "The body must be application/json."),
        429 => Refuse(status, "RATE_LIMITED", "Too many requests. Retry after the time given."),
        502 => Refuse(status, "SERVICE_UNREACHABLE", "A service behind this address could not be reached. The same request may be sent again."),
        503 => Refuse(status, "SERVICE_UNAVAILABLE", "The service cannot answer now. The same request may be sent again."),
        504 => Refuse(status, "SERVICE_TIMEOUT", "A service behind this address did not answer in time. The same request may be sent again."),
        _ => Refuse(status, "HTTP_" + status, "The request was not accepted."),
    };

    private static ProblemHttpResult? OfBadRequest(Exception thrown)
    {
        if (thrown is not BadHttpRequestException bad)
        {
            return null;
        }
        if (bad.StatusCode != StatusCodes.Status400BadRequest)
        {
            return OfStatus(bad.StatusCode);
        }
        if (bad.InnerException is JsonException unreadable)
        {
            return OfJson(unreadable);
        }
        var unbound = UnboundParameter().Match(bad.Message);
        return unbound.Success
            ? Invalid(unbound.Groups[1].Value, "has a value of the wrong type, form or size")
            : Refuse(400, "BAD_REQUEST", "The request could not be read.");
    }

    /// <summary>
    /// Text that is no JSON is 400 <c>MALFORMED_JSON</c>; JSON with a missing, unknown or mistyped field is 422 with the
    /// field's path. The value itself is never repeated.
    /// </summary>
    public static ProblemHttpResult OfJson(JsonException unreadable)
    {
        if (unreadable.InnerException?.GetType().Name == "JsonReaderException" || unreadable.GetType().Name == "JsonReaderException")
        {
            return Refuse(400, "MALFORMED_JSON", "The body is not well-formed JSON.");
        }
        var missing = MissingFields().Match(unreadable.Message);
        if (missing.Success)
        {
            var names = QuotedName().Matches(missing.Groups[1].Value).Select(name => name.Groups[1].Value);
            return Invalid(names.Distinct().ToDictionary(name => name, _ => _required));
        }
        var unknown = UnknownField().Match(unreadable.Message);
        if (unknown.Success)
        {
            return Invalid(unknown.Groups[1].Value, "is not a field of this request");
        }
        var path = unreadable.Path is null or "$" ? "body" : unreadable.Path.TrimStart('$', '.');
        return Invalid(path, "has a value of the wrong type, form or size");
    }

    [GeneratedRegex("missing required properties including: (.+)$", RegexOptions.Singleline)]
    private static partial Regex MissingFields();

    [GeneratedRegex("'([A-Za-z0-9_]+)'")]
    private static partial Regex QuotedName();

    [GeneratedRegex("^The JSON property '([A-Za-z0-9_]{1,64})' could not be mapped")]
    private static partial Regex UnknownField();

    [GeneratedRegex("^Failed to bind parameter \"[^\"]+ ([A-Za-z0-9_]+)\" from ")]
    private static partial Regex UnboundParameter();

    [LoggerMessage(EventId = 500, Level = LogLevel.Error, Message = "A promise broke in {Route}")]
    private static partial void BrokenPromise(ILogger log, Exception thrown, string route);

    [LoggerMessage(EventId = 503, Level = LogLevel.Warning, Message = "A dependency was away in {Route}: {Reason}")]
    private static partial void DependencyAway(ILogger log, string route, string reason);
}

/// <summary>Collects the faults of a request by field, so that a caller hears of all of them at once.</summary>
public sealed class Faults
{
    private readonly Dictionary<string, List<string>> _byField = [];

    public bool Any => _byField.Count > 0;

    /// <summary>What was noted, for whoever tells it in another way than <see cref="Problem"/>.</summary>
    public IEnumerable<(string Field, string Fault)> All => _byField.SelectMany(faults => faults.Value.Select(fault => (faults.Key, fault)));

    /// <summary>Notes <paramref name="fault"/> against <paramref name="field"/> unless <paramref name="holds"/>.</summary>
    public Faults Unless(bool holds, string field, string fault)
    {
        if (!holds)
        {
            (_byField.TryGetValue(field, out var faults) ? faults : _byField[field] = []).Add(fault);
        }
        return this;
    }

    /// <summary>Text for people: 1 to <paramref name="maxLength"/> characters, none of them a control character (nor one that PostgreSQL cannot keep).</summary>
    public Faults UnlessLine(string value, string field, int maxLength) =>
        Unless(value.Length >= 1 && value.Length <= maxLength && !value.Any(char.IsControl), field, $"must be 1 to {maxLength} characters, none of them a control character");

    public ProblemHttpResult Problem() => Problems.Invalid(_byField.ToDictionary(field => field.Key, field => field.Value.ToArray()));
}
