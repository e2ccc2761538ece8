using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Vault;

/// <summary>
/// Swaps card secrets for one-time references on the way in, and references for secrets on the way out, in one call to
/// DataCore each. Behind the gateway only DataCore ever sees a secret.
/// </summary>
internal sealed class SecretSwap([FromKeyedServices("datacore")] Peer dataCore)
{
    private const string Vault = "vault";
    private const string PinBlock = "pinBlock";
    private const string Block = "block";

    /// <summary>The fields that carry secrets, with the least and the most digits that can be right.</summary>
    private static readonly (string Field, int Least, int Most)[] _digits = [("cardNo", 12, 19), ("cvv", 3, 4), ("pin", 4, 12)];

    private static readonly FrozenSet<string> _spellings = [.. _digits.Select(secret => secret.Field), PinBlock];
    private static readonly FrozenSet<string> _secretMembers = _spellings.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The request with references in place of secrets; or the refusal of a value that cannot be one.</summary>
    public async Task<(byte[]? Swapped, ProblemHttpResult? Refusal)> ForReferences(JsonElement request, Caller caller, CancellationToken cancel)
    {
        var body = JsonObject.Create(request)!;
        var found = new List<(JsonObject Holder, string Member, SecretValue Secret)>();
        var faults = new Faults();
        foreach (var (field, least, most) in _digits)
        {
            if (body[field] is { } value)
            {
                Take(body, field, field, value, text => text.Length >= least && text.Length <= most && text.All(char.IsAsciiDigit), $"must have {least} to {most} digits");
            }
        }
        if (body[PinBlock] is { } given && given is not JsonObject)
        {
            faults.Unless(holds: false, PinBlock, "must be an object with format, block and keyId");
        }
        else if (body[PinBlock] is JsonObject pinBlock && pinBlock[Block] is { } block)
        {
            Take(pinBlock, Block, PinBlock, block, text => text.Length is 16 or 32 && text.All(char.IsAsciiHexDigit), "must have 16 or 32 hexadecimal digits");
        }
        foreach (var (member, _) in body)
        {
            // "CardNo" is no field of any request, and must not carry a number past this place.
            faults.Unless(!_secretMembers.Contains(member) || _spellings.Contains(member), "body", "has a member that differs from a secret field by its letters' case alone");
        }
        if (faults.Any)
        {
            return (null, faults.Problem());
        }
        if (found.Count == 0)
        {
            return (JsonSerializer.SerializeToUtf8Bytes(body), null);
        }

        var created = await dataCore.Post<CreateReferences, CreatedReferences>(
            "/internal/vault/references", new CreateReferences(caller.Binding, [.. found.Select(secret => secret.Secret)]), cancel);
        if (created.Value is not { } references || references.References.Count != found.Count)
        {
            throw new InvalidOperationException($"The vault made no references ({created.Status} {created.Code}).");
        }
        for (var i = 0; i < found.Count; i++)
        {
            found[i].Holder[found[i].Member] = new JsonObject { [Vault] = references.References[i].Vault };
        }
        return (JsonSerializer.SerializeToUtf8Bytes(body), null);

        void Take(JsonObject holder, string member, string kind, JsonNode value, Func<string, bool> canBe, string fault)
        {
            // A caller's own {"vault": ...} is no string, and so is refused here.
            if (value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is var text && canBe(text))
            {
                found.Add((holder, member, new SecretValue(kind, text)));
                return;
            }
            faults.Unless(holds: false, kind, fault);
        }
    }

    /// <summary>The answer with secrets in place of its references. All resolve, or the answer is not sent.</summary>
    public async Task<byte[]> ForSecrets(byte[] answer, Caller caller, CancellationToken cancel)
    {
        var body = JsonNode.Parse(answer)!.AsObject();
        var references = body.Where(member => member.Value is JsonObject { Count: 1 } value && value.ContainsKey(Vault))
            .Select(member => (member.Key, Reference: new VaultReference(member.Value![Vault]!.GetValue<string>())))
            .ToArray();
        if (references.Length == 0)
        {
            return answer.ToArray();
        }
        // A card names itself; what is about a card names it.
        var cardId = (body["cardId"] ?? body["id"])!.GetValue<Guid>();
        var resolved = await dataCore.Post<ResolveReferences, ResolvedReferences>(
            "/internal/vault/resolve", new ResolveReferences(caller.Binding, cardId, [.. references.Select(reference => reference.Reference)]), cancel);
        if (resolved.Value is not { } secrets || secrets.Secrets.Count != references.Length)
        {
            throw new InvalidOperationException($"The vault resolved no references ({resolved.Status} {resolved.Code}).");
        }
        for (var i = 0; i < references.Length; i++)
        {
            body[references[i].Key] = secrets.Secrets[i].Value;
        }
        return JsonSerializer.SerializeToUtf8Bytes(body);
    }
}
