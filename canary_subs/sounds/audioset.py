"""AudioSet's classes as the kinds of sounds that subtitles tell of.

Names are the display names of AudioSet's ontology (Gemmeke et al., 2017), as models of the hub
carry them. Classes that are not here (speech, noises of rooms, instruments and styles, which are
always music too) are told of by nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_CLASSES = {
    "music": ("Music", "Musical instrument"),
    "singing": ("Singing", "Choir", "Chant", "Male singing", "Female singing", "Child singing"),
    "applause": ("Applause", "Clapping"),
    "cheering": ("Cheering",),
    "laughter": ("Laughter", "Baby laughter", "Giggle", "Belly laugh", "Chuckle, chortle"),
    "crying": ("Crying, sobbing", "Whimper", "Wail, moan"),
    "baby": ("Baby cry, infant cry",),
    "scream": ("Screaming",),
    "cough": ("Cough", "Throat clearing"),
    "sneeze": ("Sneeze",),
    "snoring": ("Snoring",),
    "footsteps": ("Walk, footsteps", "Run"),
    "crowd": ("Crowd", "Hubbub, speech noise, speech babble", "Chatter"),
    "children": ("Children playing", "Children shouting"),
    "dog": ("Dog", "Bark", "Yip", "Bow-wow"),
    "cat": ("Cat", "Meow", "Caterwaul"),
    "horse": ("Horse", "Clip-clop"),
    "cow": ("Cattle, bovinae", "Moo"),
    "sheep": ("Sheep", "Goat", "Bleat"),
    "rooster": ("Chicken, rooster", "Cluck", "Crowing, cock-a-doodle-doo"),
    "birds": ("Bird", "Bird vocalization, bird call, bird song", "Chirp, tweet"),
    "insects": ("Insect", "Cricket", "Mosquito", "Fly, housefly", "Bee, wasp, etc."),
    "wind": ("Wind",),
    "thunder": ("Thunderstorm", "Thunder"),
    "rain": ("Rain", "Raindrop", "Rain on surface"),
    "water": ("Water", "Stream", "Waterfall", "Gurgling", "Water tap, faucet"),
    "waves": ("Ocean", "Waves, surf"),
    "fire": ("Fire", "Crackle"),
    "car": ("Car", "Car passing by", "Race car, auto racing", "Traffic noise, roadway noise"),
    "horn": ("Vehicle horn, car horn, honking", "Toot", "Air horn, truck horn"),
    "tires": ("Skidding", "Tire squeal"),
    "motorcycle": ("Motorcycle",),
    "train": ("Rail transport", "Train", "Train whistle", "Train horn"),
    "airplane": ("Aircraft", "Jet engine", "Fixed-wing aircraft, airplane"),
    "helicopter": ("Helicopter",),
    "engine": (
        "Engine",
        "Light engine (high frequency)",
        "Medium engine (mid frequency)",
        "Heavy engine (low frequency)",
        "Engine starting",
        "Idling",
        "Accelerating, revving, vroom",
    ),
    "siren": (
        "Siren",
        "Civil defense siren",
        "Police car (siren)",
        "Ambulance (siren)",
        "Fire engine, fire truck (siren)",
        "Emergency vehicle",
    ),
    "door": ("Door", "Sliding door", "Slam"),
    "doorbell": ("Doorbell", "Ding-dong"),
    "knocking": ("Knock",),
    "typing": ("Typing", "Typewriter", "Computer keyboard"),
    "telephone": ("Telephone", "Telephone bell ringing", "Ringtone"),
    "alarm": ("Alarm", "Alarm clock", "Smoke detector, smoke alarm", "Fire alarm", "Car alarm"),
    "beeping": ("Beep, bleep", "Reversing beeps", "Buzzer"),
    "whistle": ("Whistle", "Steam whistle", "Whistling"),
    "clock": ("Clock", "Tick", "Tick-tock"),
    "hammering": ("Hammer",),
    "drill": ("Drill", "Power tool", "Jackhammer"),
    "explosion": ("Explosion", "Eruption", "Boom"),
    "gunshots": ("Gunshot, gunfire", "Machine gun", "Fusillade", "Artillery fire"),
    "fireworks": ("Fireworks", "Firecracker"),
    "glass": ("Shatter",),
    "splash": ("Splash, splatter",),
    "bell": ("Bell", "Church bell", "Jingle bell", "Bicycle bell", "Chime"),
}

#: AudioSet's class -> kind.
KINDS: Mapping[str, str] = MappingProxyType(
    {name: kind for kind, names in _CLASSES.items() for name in names}
)
