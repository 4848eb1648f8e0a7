//! Word lists: names from many places, and sentences for profiles, reviews and chat.

/// Given names.
pub(super) const GIVEN: &str = "\
    Ada Aisha Akira Alejandro Alina Amara Amir Ana Anders Andrea Anika Anton Arjun Asha Astrid \
    Ayesha Beatriz Bela Benjamin Bianca Bruno Camila Carlos Carmen Cecilia Chidi Chloe Clara \
    Daniel Daria David Deepa Diego Dmitri Ebony Eduardo Elena Eli Elif Emeka Emil Emma Erik Esther \
    Eva Fatima Felix Fernanda Finn Freya Gabriel Gita Grace Greta Hana Hannah Hassan Helena Henrik \
    Hugo Ibrahim Ines Ingrid Irina Isaac Isabel Ivan Jamal Jana Javier Jelena Jia Joana Johan \
    Jonas Joseph Julia Kaito Karim Katarina Keisha Kenji Khadija Kofi Lara Lars Laura Leila Leo \
    Lina Linh Lucas Lucia Luis Magnus Maja Malik Mara Marcus Maria Marta Mateo Maya Mei Miguel \
    Mila Mina Mohammed Nadia Naomi Natalia Neha Nia Nikolai Nina Noah Nora Olga Olivia Omar Oscar \
    Pablo Paula Pedro Petra Priya Rafael Rahul Rania Ravi Rebecca Rosa Ruth Sakura Salma Samir \
    Samuel Sanjay Sara Sebastian Selma Sergei Shreya Simone Sofia Stefan Sven Tara Tariq Tereza \
    Theo Thomas Tomas Uma Valentina Vera Victor Vikram Wanjiru Wei Yara Yasmin Yuki Yusuf Zara \
    Zeynep Zoe";

/// Family names.
pub(super) const FAMILY: &str = "\
    Abdi Adeyemi Agarwal Ahmed Almeida Alvarez Andersen Andersson Banerjee Bauer Becker Berg \
    Bergstrom Bianchi Blanco Bonnet Brown Campos Cardoso Castillo Chandra Chaudhary Chen Cohen \
    Costa Cruz Dahl Das Davies Delgado Diallo Diaz Dubois Duarte Eriksen Evans Fernandes Fischer \
    Fontaine Forsberg Fujita Garcia Ghosh Gomes Gonzalez Green Gupta Gutierrez Haddad Hansen Harris \
    Hashimoto Hernandez Hoffmann Holm Hughes Hussein Ito Ivanova Iyer Jansen Jensen Johnson Joshi \
    Kamau Kapoor Kaur Kawasaki Keller Khan Kim Kimani Klein Kovacs Kowalski Kumar Larsen Laurent \
    Lee Lehmann Li Lindgren Lopez Lund Machado Mahmoud Martin Martinez Mbeki Mehta Mendes Meyer \
    Mishra Moreau Moreno Morgan Mori Mukherjee Muller Mwangi Nair Nakamura Navarro Ndiaye Nguyen \
    Nielsen Novak Nowak Obi Okafor Okeke Oliveira Olsen Ortiz Osei Owusu Park Patel Pereira Perez \
    Petrov Pham Pillai Popescu Rahman Ramirez Ramos Rao Reddy Reyes Ricci Rivera Rodrigues Rossi \
    Roy Ruiz Saito Salazar Santos Sato Schmidt Schneider Sharma Silva Singh Smith Soares Sokolov \
    Soto Sousa Stein Suzuki Svensson Takahashi Tanaka Taylor Teixeira Torres Tran Traore Vargas \
    Vasquez Vieira Virtanen Volkov Wagner Walker Wang Weber Williams Wilson Wong Yamamoto Yang \
    Yilmaz Young Zhang Zimmermann";

/// What mentors are.
pub(super) const TITLES: &[&str] = &[
    "Senior backend engineer",
    "Staff engineer",
    "Platform lead",
    "Freelance developer",
    "Data engineer",
    "Full-stack developer",
    "Engineering manager",
    "Site reliability engineer",
    "University lecturer",
    "Former bootcamp teacher",
    "Security consultant",
    "Principal engineer",
];

/// What mentors promise in their headline.
pub(super) const PROMISES: &[&str] = &[
    "patient with beginners",
    "interview preparation that works",
    "from first program to first job",
    "code reviews you will learn from",
    "hands-on, no slides",
    "clear explanations, real projects",
    "helping career changers since 2015",
    "deep dives on demand",
    "practical lessons for working developers",
    "mock interviews and honest feedback",
];

/// First sentences of a biography; `{years}` and `{skill}` are filled in.
pub(super) const OPENINGS: &[&str] = &[
    "I have spent {years} years building products with {skill}, most of them in small teams where everybody does everything.",
    "For {years} years I have been paid to write {skill}, and for most of that time I have also taught it.",
    "After {years} years in industry I found that explaining {skill} to others is the part of the work I like best.",
    "My way into software was not a straight one: I came to {skill} late, and {years} years on I still remember what was hard.",
    "I lead a team that runs {skill} in production around the clock, and have {years} years of stories about what can go wrong.",
    "{years} years ago I wrote my first line of {skill}; since then I have shipped with it at a bank, a newspaper and two start-ups.",
];

/// Middle sentences of a biography; `{skill}` is filled in.
pub(super) const MIDDLES: &[&str] = &[
    "Every lesson starts from your own code, because that is where the questions are.",
    "We write a small program together in the first hour, and you keep it.",
    "I set exercises between lessons and read every line of what you send me.",
    "Interview preparation with me means real problems, a whiteboard, and feedback you can act on.",
    "I like to draw: if you cannot sketch how {skill} does it, you do not know it yet.",
    "My students have moved on to jobs at companies large and small, and some of them now mentor here as well.",
    "I explain things three times in three ways, and never mind a fourth.",
    "Together we profile before we optimise, measure before we argue, and delete before we add.",
    "Beginners are welcome; so are people who have used {skill} for years and want to know what happens underneath.",
    "I keep notes of each lesson and share them, so that you can listen instead of writing.",
    "We can work through a course, prepare an exam, or sit down with the bug that has kept you up at night.",
    "Algorithms and data structures come up when we need them, not before.",
];

/// Last sentences of a biography.
pub(super) const CLOSINGS: &[&str] = &[
    "Book a first lesson and tell me where you want to be in half a year.",
    "Send me a message if you are not sure whether we fit.",
    "I teach in the evenings and at weekends, and answer messages the same day.",
    "Group lessons are on Saturdays; bring a friend.",
    "Away from the keyboard I climb, cook, and lose at chess.",
    "I take few students at a time and stay with them for long.",
];

/// Sentences of a good review.
pub(super) const PRAISE: &[&str] = &[
    "Explained in an hour what three tutorials had left me confused about.",
    "Very patient, and never made me feel that a question was a silly one.",
    "We went through my own project line by line and I learned more than in a whole semester.",
    "Came prepared, had read my code beforehand, and knew exactly where it would break.",
    "I passed the interview two weeks later.",
    "The exercises are hard but fair, and the feedback is detailed.",
    "Great at drawing what happens in memory; it finally clicked.",
    "Always on time, and the recording helped me to go over it again.",
    "Friendly, focused, and honest about what I should learn first.",
    "My daughter looks forward to every lesson.",
    "Worth every cent, I have already booked the next five.",
];

/// Sentences of a mixed or bad review.
pub(super) const COMPLAINTS: &[&str] = &[
    "The lesson was fine, but we ran out of time before the interesting part.",
    "A bit fast for a beginner; I had to watch the recording twice.",
    "Knows the subject well, less good at explaining it.",
    "The connection kept dropping and we lost a quarter of an hour.",
    "Expected more preparation for the price.",
    "We mostly talked about theory and hardly wrote any code.",
    "Started late and seemed to be in a hurry.",
    "Helpful answers, but I would have liked exercises to take home.",
];

/// Things people say in chat.
pub(super) const CHAT: &[&str] = &[
    "Hi everyone, is the lesson on Thursday still on?",
    "Yes, same time as last week.",
    "I pushed my solution, could somebody have a look?",
    "The tests pass on my machine but not in CI, any idea why?",
    "Did you forget to commit the lock file? Happened to me yesterday.",
    "Can we move tomorrow's session by an hour?",
    "Works for me.",
    "Here is the article I mentioned: it explains indexes with pictures.",
    "Thanks, that helped a lot!",
    "I do not understand why the second query is faster.",
    "Run it with explain analyze and look at the row counts.",
    "Good question. Let us go through it together next time.",
    "The recording of the last class is online.",
    "Exercise three has a typo, it should say greater or equal.",
    "Fixed, thank you for telling me.",
    "How do you all keep track of what you have learned?",
    "I write a short summary after each lesson, it really makes a difference.",
    "Anyone up for a mock interview at the weekend?",
    "Count me in.",
    "Small win: my first pull request was merged today.",
    "Congratulations!",
    "Please read chapter four before Monday, we will need it.",
];

/// What a room is about; a skill is put in front.
pub(super) const ROOMS: &[&str] = &[
    "study group",
    "evening class",
    "interview circle",
    "project team",
    "questions and answers",
    "weekend workshop",
    "book club",
    "beginners",
];
