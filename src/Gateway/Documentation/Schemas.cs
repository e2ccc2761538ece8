using System.Text.Json.Nodes;

namespace Antaca.Gateway.Documentation;

/// <summary>The services' schemas under one roof: those that are used, each name once. Where services mean different things by one name, theirs goes before it.</summary>
internal sealed class Schemas
{
    private const string Pointer = "#/components/schemas/";

    private readonly IReadOnlyDictionary<string, JsonObject> _told;
    private readonly HashSet<string> _contested;
    private readonly SortedDictionary<string, JsonObject> _taken = new(StringComparer.Ordinal);

    /// <param name="told">By service: its own document.</param>
    /// <param name="used">The operations that are published, with their services.</param>
    public Schemas(IReadOnlyDictionary<string, JsonObject> told, IEnumerable<(string Service, JsonObject Operation)> used)
    {
        _told = told;
        _contested = Contested(used.GroupBy(use => use.Service).SelectMany(uses => Reached(told[uses.Key], uses.SelectMany(use => References(use.Operation)))));
    }

    /// <summary>A copy of the service's operation that refers to the schemas by their published names, which are taken with it.</summary>
    public JsonObject Take(string service, JsonObject operation)
    {
        foreach (var name in References(operation))
        {
            TakeSchema(service, name);
        }
        return Renamed(service, operation).AsObject();
    }

    /// <summary>Says what a list holds that one service passes on from another unread.</summary>
    public void Passes(string name, string list, string service, string passed)
    {
        if (_taken.GetValueOrDefault(name)?["properties"]?[list] is JsonObject property && _told.ContainsKey(service))
        {
            TakeSchema(service, passed);
            property["items"] = new JsonObject { ["$ref"] = Pointer + NameOf(service, passed) };
        }
    }

    public void Add(string name, JsonObject schema) => _taken[name] = schema;

    /// <summary>What the published paths refer to. Requests refuse unknown fields; answers may gain some.</summary>
    public JsonObject Taken(IEnumerable<string> inPaths, IEnumerable<string> inRequests)
    {
        var used = Reached(_taken.GetValueOrDefault, inPaths);
        var strict = Reached(_taken.GetValueOrDefault, inRequests).Select(schema => schema.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var (_, schema) in _taken.Where(taken => !strict.Contains(taken.Key)))
        {
            schema.Remove("additionalProperties");
        }
        return new JsonObject(_taken.Where(taken => used.ContainsKey(taken.Key)).Select(taken => KeyValuePair.Create<string, JsonNode?>(taken.Key, taken.Value)));
    }

    /// <summary>The names of the schemas that a part of a document refers to.</summary>
    public static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member =>
            member.Key == "$ref" && member.Value is JsonValue text && text.GetValue<string>() is var pointer && pointer.StartsWith(Pointer, StringComparison.Ordinal)
                ? [pointer[Pointer.Length..]]
                : References(member.Value)),
        JsonArray items => items.SelectMany(References),
        _ => [],
    };

    private void TakeSchema(string service, string name)
    {
        var published = NameOf(service, name);
        if (_taken.ContainsKey(published))
        {
            return;
        }
        var schema = SchemaOf(_told[service], name) ?? throw new InvalidOperationException($"{service} refers to {name} and does not describe it.");
        _taken[published] = Renamed(service, schema).AsObject();
        foreach (var inner in References(schema))
        {
            TakeSchema(service, inner);
        }
    }

    private string NameOf(string service, string name) => _contested.Contains(name) && !name.StartsWith(LabelOf(service), StringComparison.Ordinal) ? LabelOf(service) + name : name;

    private static string LabelOf(string service)
    {
        var label = service.Replace("service", "", StringComparison.Ordinal);
        return char.ToUpperInvariant(label[0]) + label[1..];
    }

    private JsonNode Renamed(string service, JsonNode node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(
            member.Key,
            member.Key == "$ref" && member.Value is JsonValue text && text.GetValue<string>() is var pointer && pointer.StartsWith(Pointer, StringComparison.Ordinal)
                ? Pointer + NameOf(service, pointer[Pointer.Length..])
                : member.Value is null ? null : Renamed(service, member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(item => item is null ? null : Renamed(service, item))]),
        _ => node.DeepClone(),
    };

    /// <summary>The names that mean different things.</summary>
    private static HashSet<string> Contested(IEnumerable<KeyValuePair<string, JsonObject>> used)
    {
        var shared = used.GroupBy(schema => schema.Key, schema => schema.Value).Where(schema => schema.Skip(1).Any()).ToDictionary(schema => schema.Key, schema => schema.ToArray());
        var contested = shared.Where(schema => schema.Value.Any(one => !MeanTheSame(one, schema.Value[0]))).Select(schema => schema.Key).ToHashSet(StringComparer.Ordinal);
        // Who refers to a contested name means something of its own, too.
        while (shared.FirstOrDefault(schema => !contested.Contains(schema.Key) && schema.Value.SelectMany(References).Any(contested.Contains)).Key is { } another)
        {
            contested.Add(another);
        }
        return contested;
    }

    /// <summary>The words about a thing and the order of its values do not make it another.</summary>
    private static bool MeanTheSame(JsonObject one, JsonObject other) => JsonNode.DeepEquals(Bare(one), Bare(other));

    private static JsonObject Bare(JsonObject schema)
    {
        var bare = schema.DeepClone().AsObject();
        bare.Remove("description");
        if (bare["enum"] is JsonArray values)
        {
            bare["enum"] = new JsonArray([.. values.Select(value => value!.GetValue<string>()).Order(StringComparer.Ordinal).Select(value => JsonValue.Create(value))]);
        }
        return bare;
    }

    private static Dictionary<string, JsonObject> Reached(JsonObject document, IEnumerable<string> from) => Reached(name => SchemaOf(document, name), from);

    /// <summary>What is referred to from somewhere, and from there on.</summary>
    private static Dictionary<string, JsonObject> Reached(Func<string, JsonObject?> find, IEnumerable<string> from)
    {
        var reached = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var open = new Stack<string>(from);
        while (open.TryPop(out var name))
        {
            if (find(name) is { } schema && reached.TryAdd(name, schema))
            {
                foreach (var inner in References(schema))
                {
                    open.Push(inner);
                }
            }
        }
        return reached;
    }

    private static JsonObject? SchemaOf(JsonObject document, string name) => document["components"]?["schemas"]?[name] as JsonObject;
}
