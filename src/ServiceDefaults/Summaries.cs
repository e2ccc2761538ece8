using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Antaca.ServiceDefaults;

/// <summary>The summaries of the code as text, from the file that the compiler puts beside each assembly.</summary>
internal static partial class Summaries
{
    private static readonly ConcurrentDictionary<Assembly, Dictionary<string, XElement>> _files = new();

    /// <summary>What is said of a type; null where nothing is, and of types that are not ours.</summary>
    public static string? Of(Type type) => Find(type, "T:" + Id(type))?.Element("summary") is { } summary ? Text(summary) : null;

    /// <summary>What is said of a member of a record: at the property, or at the record's parameter.</summary>
    public static string? Of(JsonPropertyInfo property)
    {
        if (property.AttributeProvider is not MemberInfo { DeclaringType: { } type } member)
        {
            return null;
        }
        var said = Find(type, $"P:{Id(type)}.{member.Name}")?.Element("summary")
            ?? Find(type, "T:" + Id(type))?.Elements("param").FirstOrDefault(parameter => parameter.Attribute("name")?.Value == member.Name);
        return said is null ? null : Text(said);
    }

    public static string FirstSentence(string text) => SentenceEnd().Match(text) is { Success: true } end ? text[..end.Index] : text.TrimEnd('.');

    private static string Id(Type type) => (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!.Replace('+', '.');

    private static XElement? Find(Type type, string id) => _files.GetOrAdd(type.Assembly, Read).GetValueOrDefault(id);

    private static Dictionary<string, XElement> Read(Assembly assembly)
    {
        var file = Path.ChangeExtension(assembly.Location, ".xml");
        return assembly.GetName().Name?.StartsWith("Antaca.", StringComparison.Ordinal) == true && File.Exists(file)
            ? XDocument.Load(file).Descendants("member").ToDictionary(member => member.Attribute("name")!.Value)
            : [];
    }

    /// <summary>CommonMark: names as code, lines joined.</summary>
    private static string Text(XElement said)
    {
        var text = string.Concat(said.Nodes().Select(node => node switch
        {
            XText words => words.Value,
            XElement { Name.LocalName: "see", FirstAttribute.Value: { } name } => $"`{name[(name.LastIndexOfAny(['.', ':']) + 1)..]}`",
            XElement { Name.LocalName: "paramref", FirstAttribute.Value: { } name } => $"`{name}`",
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement { Name.LocalName: "code" } => "",
            XElement other => other.Value,
            _ => "",
        }));
        return Space().Replace(text, " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"(?<=[^.]{3})[.:](?= [A-Z]|$)")]
    private static partial Regex SentenceEnd();
}
