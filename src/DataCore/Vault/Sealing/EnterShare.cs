using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Vault.Sealing;

/// <summary>Takes one share of the master key: over the service's own port, from the service's own command, <c>vault unseal</c>.</summary>
internal static class EnterShare
{
    public const string Path = "/shares";

    private const int Refused = 1;
    private const int DeadlineSeconds = 10;

    internal sealed record Request(string Share)
    {
        /// <summary>Never prints the share.</summary>
        public override string ToString() => "***";
    }

    internal sealed record Answer(int Given, int Needed);

    public static void MapEnterShare(this IEndpointRouteBuilder seal) => seal.MapPost(Path, Handle);

    /// <summary>Reads one share from the standard input, without echo, and enters it at the service that runs with these settings.</summary>
    public static async Task<int> Run(string[] args, TextReader input, TextWriter output, TextWriter errors)
    {
        var builder = Defaults.CreateBuilder(Service.Name, args);
        var identity = ServiceIdentity.Load(builder.Configuration.GetSection("Identity").Get<IdentitySettings>() ?? new IdentitySettings(), Service.Name, builder.Environment);
        var share = await ReadUnseen(input, output);

        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = identity.ForCalling(Service.Name), UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = new Uri($"https://localhost:{builder.Configuration["Ports:Api"]}"),
            DefaultRequestVersion = HttpVersion.Version20,
            Timeout = TimeSpan.FromSeconds(DeadlineSeconds),
        };
        var json = new JsonSerializerOptions { TypeInfoResolver = DataCoreJson.Default };
        Defaults.Strict(json);
        using var content = JsonContent.Create(new Request(share), options: json);
        try
        {
            using var answer = await http.PostAsync(new Uri(SealedVault.Prefix + Path, UriKind.Relative), content);
            if (answer.IsSuccessStatusCode)
            {
                var taken = (await answer.Content.ReadFromJsonAsync<Answer>(json))!;
                await output.WriteLineAsync(taken.Given == taken.Needed ? "The vault is unsealed; the service starts." : $"{taken.Given} of the {taken.Needed} shares that are needed.");
                return 0;
            }
            await errors.WriteLineAsync(answer.StatusCode == HttpStatusCode.NotFound ? "The service is not sealed." : await WhyRefused(answer));
        }
        catch (HttpRequestException away)
        {
            await errors.WriteLineAsync($"The service does not answer: {away.HttpRequestError}");
        }
        return Refused;
    }

    private static Results<Ok<Answer>, ProblemHttpResult> Handle(Request request, EnteredShares shares)
    {
        if (!MasterKeyShare.TryParse(request.Share, out var share))
        {
            return VaultProblems.ShareRefused(ShareFault.Unreadable);
        }
        var (given, needed, refused) = shares.Enter(share);
        return refused is { } fault ? VaultProblems.ShareRefused(fault) : TypedResults.Ok(new Answer(given, needed));
    }

    private static async Task<string> WhyRefused(HttpResponseMessage answer)
    {
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return problem.TryGetProperty("detail", out var detail) ? detail.GetString()! : $"It was refused: {(int)answer.StatusCode}";
    }

    private static async Task<string> ReadUnseen(TextReader input, TextWriter output)
    {
        if (input != Console.In || Console.IsInputRedirected)
        {
            return await input.ReadLineAsync() ?? "";
        }
        await output.WriteAsync("Share: ");
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key != ConsoleKey.Backspace)
            {
                typed.Append(key.KeyChar);
            }
            else if (typed.Length > 0)
            {
                typed.Length--;
            }
        }
        await output.WriteLineAsync();
        return typed.ToString();
    }
}
