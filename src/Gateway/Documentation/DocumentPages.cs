using System.Security.Cryptography;
using Antaca.Gateway.Channels;
using Antaca.ServiceDefaults;
using Microsoft.Net.Http.Headers;
using Swashbuckle.AspNetCore.SwaggerUI;

namespace Antaca.Gateway.Documentation;

/// <summary>
/// <c>/api/documentation</c>: a page to read and try, and one OpenAPI document for each channel. Anybody may read. The public
/// port has all of them; the partners' port has its own two, so that a browser with a certificate may try them from there.
/// </summary>
internal static class DocumentPages
{
    public const string Root = "/api/documentation";

    /// <summary>What the page needs and no more: its own scripts and styles (styles in elements too), its own pictures, calls to its own origin.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly (Channel Channel, string Name, string Title)[] _all =
    [
        (Channel.Customers, "customer", "Customers (apps)"),
        (Channel.Secure, "secure", "Secure (partners)"),
        (Channel.Admin, "admin", "Admin (operators)"),
        (Channel.Processor, "processor", "Processor"),
    ];

    /// <summary>Where a channel's document is.</summary>
    public static string PathOf(Channel channel)
    {
        var name = _all.Single(document => document.Channel == channel).Name;
        return $"{Root}/{name}/api-docs-{name}.json";
    }

    /// <summary>Before the channels: nobody needs a credential to read.</summary>
    public static void UseDocumentation(this WebApplication app)
    {
        var partners = app.Services.GetRequiredService<PortSettings>().Partners;
        Serve(app, context => context.Connection.LocalPort != partners, _all);
        Serve(app, context => context.Connection.LocalPort == partners, [.. _all.Where(document => document.Channel is Channel.Secure or Channel.Processor)]);
    }

    private static void Serve(WebApplication app, Func<HttpContext, bool> onPort, (Channel Channel, string Name, string Title)[] documents)
    {
        var limits = app.Services.GetRequiredService<Limits>();
        app.MapWhen(
            context => context.Request.IsHttps && context.Request.Path.StartsWithSegments(Root, StringComparison.Ordinal) && onPort(context),
            branch =>
            {
                branch.Use((context, next) =>
                {
                    if (limits.Anonymous(context) is { } tooMany)
                    {
                        return Problems.Write(context, tooMany);
                    }
                    context.Features.Set(new OwnAnswerHeaders("no-cache", Policy));
                    if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
                    {
                        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
                        return Task.CompletedTask;
                    }
                    var asked = documents.FirstOrDefault(document => context.Request.Path == PathOf(document.Channel));
                    return asked.Name is null ? next(context) : Answer(context, asked.Channel);
                });
                branch.UseSwaggerUI(page =>
                {
                    page.RoutePrefix = Root[1..];
                    page.DocumentTitle = "Antaca API";
                    foreach (var (channel, _, title) in documents)
                    {
                        page.SwaggerEndpoint(PathOf(channel), title);
                    }
                    page.DocExpansion(DocExpansion.None);
                    page.DefaultModelsExpandDepth(0);
                    page.DisplayOperationId();
                    page.EnableDeepLinking();
                    page.EnableFilter();
                });
            });
    }

    private static async Task Answer(HttpContext context, Channel channel)
    {
        var document = await context.RequestServices.GetRequiredService<Documents>().Get(channel, context.Request, context.RequestAborted);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(document)[..16])}\"");
        var headers = context.Response.GetTypedHeaders();
        headers.ETag = tag;
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false)))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = document.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(document, context.RequestAborted);
        }
    }
}
